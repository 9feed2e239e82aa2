# nixpkgs' kmod looks for modules below /run/booted-system and /run/current-system before
# /lib/modules. An image has only the last: without this it works, but names what is not in it, and
# so does everything that libkmod is linked into.
{ checked, withReplacements }:
kmod:
kmod.overrideAttrs (
  old:
  withReplacements
    # Versions with meson separate them by commas, those with autoconf by colons.
    [
      "/run/booted-system/kernel-modules/lib/modules,"
      "/run/current-system/kernel-modules/lib/modules,"
      "/run/booted-system/kernel-modules/lib/modules:"
      "/run/current-system/kernel-modules/lib/modules:"
    ]
    [
      ""
      ""
      ""
      ""
    ]
    [
      # meson since 2025, autoconf before.
      "configureFlags"
      "mesonFlags"
    ]
    old
  // checked ''
    refuseInVariant /run/booted-system
    refuseInVariant /run/current-system
  '' old
  // {
    # kmod.pc says where an image's modules are.
    rewritePkgConfigPrefixKeep = (old.rewritePkgConfigPrefixKeep or [ ]) ++ [ "/lib/modules" ];
  }
)
