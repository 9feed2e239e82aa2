# nix-build -A chrony: packages of nixpkgs with all hooks that fix something.
{
  nixpkgs ? import <nixpkgs>,
  hermetic-out ? ../..,
}:
let
  hermetic = import (hermetic-out + "/nix-overlay");
  # Every name here is built anew, and so is what depends on it.
  fixedUp = final: prev: {
    chrony = final.withHermeticHooks prev.chrony;
    openssh = final.withHermeticHooks prev.openssh;
  };
in
nixpkgs {
  overlays = [
    hermetic
    fixedUp
  ];
}
