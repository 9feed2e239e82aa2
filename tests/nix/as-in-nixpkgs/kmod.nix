# kmod as nixpkgs builds it: where it looks for modules.
{ stdenv }:
stdenv.mkDerivation {
  pname = "kmod";
  version = "34";
  dontUnpack = true;
  mesonFlags = [
    "-Dmodulesdirs=/run/booted-system/kernel-modules/lib/modules,/run/current-system/kernel-modules/lib/modules,/lib/modules"
    "-Dsysconfdir=/etc"
  ];
  installPhase = ''
    mkdir -p "$out/share"
    printf '%s\n' ''${mesonFlags[@]} >"$out/share/flags"
  '';
}
