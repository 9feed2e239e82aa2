# The package of a case directory.
arguments@{ package, ... }:
let
  pkgs = import ./pkgs.nix (builtins.removeAttrs arguments [ "package" ]);
in
pkgs.callPackage (/. + package) { }
