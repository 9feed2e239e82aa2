# nix-build: the package, built with the hook. result/lib/systemd/system/greeter.service names store paths.
{
  pkgs ? import <nixpkgs> { overlays = [ (import ../../nix-overlay) ]; },
}:
pkgs.callPackage ./package.nix { }
