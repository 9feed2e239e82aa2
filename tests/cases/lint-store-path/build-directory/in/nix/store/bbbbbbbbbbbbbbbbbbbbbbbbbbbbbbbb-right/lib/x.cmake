set(INCLUDES "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-right/include")
set(BUILD "x/build/y")
