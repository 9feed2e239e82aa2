{ lib, kmod_31 }:
let
  variants = import ../../../../nix-overlay/variants { inherit lib; };
in
variants.kmod kmod_31
