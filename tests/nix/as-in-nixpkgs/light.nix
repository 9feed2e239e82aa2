# light as a later nixpkgs could build it: its lines are not those that were read.
{ stdenv, coreutils }:
stdenv.mkDerivation {
  pname = "light";
  version = "1.2.3";
  dontUnpack = true;
  installPhase = ''
    mkdir -p "$out/lib/udev/rules.d"
    echo 'RUN+="${coreutils}/bin/chmod g+w /sys/class/backlight/%k/brightness"' \
      >"$out/lib/udev/rules.d/90-backlight.rules"
  '';
}
