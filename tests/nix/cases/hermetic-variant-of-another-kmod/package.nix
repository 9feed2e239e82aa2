{ lib, stdenv }:
let
  variants = import ../../../../nix-overlay/variants { inherit lib; };
in
variants.kmod (
  stdenv.mkDerivation {
    pname = "kmod";
    version = "99";
    dontUnpack = true;
    mesonFlags = [ "-Dmodulesdirs=/lib/modules" ];
    postPatch = ''
      directories="/run/booted-system/kernel-modules/lib/modules /lib/modules"
    '';
    installPhase = ''
      mkdir -p "$out/lib" "$out/share/doc"
      echo "$directories" | tee "$out/lib/libkmod.so" >"$out/share/doc/modules"
    '';
  }
)
