{
  lib,
  stdenv,
  buildPackages,
  gnutar,
  sources,
}:
import ../../../../nix-overlay/systemd-pc.nix {
  inherit lib buildPackages;
  stdenvNoCC = stdenv;
  systemd = {
    version = "257";
    # All that is needed of it; a nixpkgs unpacks the whole.
    src = stdenv.mkDerivation {
      name = "systemd-source";
      nativeBuildInputs = [ gnutar ];
      dontUnpack = true;
      installPhase = ''
        mkdir "$out"
        tar --extract --file=${sources.systemd} --directory="$out" --strip-components=1 \
          --wildcards '*/src/core/systemd.pc.in' '*/src/udev/udev.pc.in'
      '';
    };
  };
}
