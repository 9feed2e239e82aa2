# kmod as nixpkgs builds it: where it looks for modules. kmod 31 has configureFlags, newer ones mesonFlags.
{ stdenv }:
stdenv.mkDerivation {
  pname = "kmod";
  version = "34";
  dontUnpack = true;
  configureFlags = [
    "--with-modulesdirs=/run/booted-system/kernel-modules/lib/modules:/run/current-system/kernel-modules/lib/modules:/lib/modules"
  ];
  mesonFlags = [
    "-Dmodulesdirs=/run/booted-system/kernel-modules/lib/modules,/run/current-system/kernel-modules/lib/modules,/lib/modules"
    "-Dsysconfdir=/etc"
  ];
  installPhase = ''
    mkdir -p "$out/bin" "$out/share"
    echo '#!/bin/sh' >"$out/bin/modprobe"
    chmod +x "$out/bin/modprobe"
    printf '%s\n' ''${configureFlags[@]} ''${mesonFlags[@]} >"$out/share/flags"
  '';
}
