# kmod as nixpkgs builds it: where it looks for modules. kmod 31 is built with autoconf, newer ones with
# meson.
{
  lib,
  stdenv,
  version ? "34",
}:
let
  directories = [
    "/run/booted-system/kernel-modules/lib/modules"
    "/run/current-system/kernel-modules/lib/modules"
    "/lib/modules"
  ];
in
stdenv.mkDerivation (
  {
    pname = "kmod";
    inherit version;
    dontUnpack = true;
    installPhase = ''
      runHook preInstall
      mkdir -p "$out/bin" "$out/lib/pkgconfig" "$out/share"
      echo '#!/bin/sh' >"$out/bin/modprobe"
      chmod +x "$out/bin/modprobe"
      printf '%s\n' ''${configureFlags[@]} ''${mesonFlags[@]} >"$out/share/flags"
      printf '%s\n' prefix="$out" sysconfdir=/etc module_directory=/lib/modules "" "Name: kmod" \
        "Description: Where modules are" "Version: $version" >"$out/lib/pkgconfig/kmod.pc"
      runHook postInstall
    '';
  }
  // (
    if lib.versionOlder version "34" then
      { configureFlags = [ "--with-modulesdirs=${lib.concatStringsSep ":" directories}" ]; }
    else
      {
        mesonFlags = [
          "-Dmodulesdirs=${lib.concatStringsSep "," directories}"
          "-Dsysconfdir=/etc"
        ];
      }
  )
)
