set(INCLUDES "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-right/include")
set(BUILD "x/build/y")
execute_process(COMMAND sh -c "ls /lib/modules/`uname -r`/build/.config")
