# The tools and hooks of hermetic-out on a nixpkgs: nix-build -A patch-systemd-units
{
  pkgs ? import <nixpkgs> { },
}:
let
  overlay = import ./nix-overlay;
  hermetic = pkgs.extend overlay;
in
builtins.mapAttrs (name: _: hermetic.${name}) (overlay hermetic pkgs)
