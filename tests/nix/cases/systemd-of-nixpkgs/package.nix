{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "systemd-259";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  installPhase = ''
    for program in bin/systemctl lib/systemd/systemd-example; do
      install -D program.sh "$out/$program"
    done
    install -D --mode=644 --target-directory="$out/example/systemd/system" example.service
    install -D --mode=644 --target-directory="$out/example/systemd/user" example.service
    install -D --mode=644 --target-directory="$out/example/tmpfiles.d" example.conf
    install -D --mode=644 --target-directory="$out/lib/udev/rules.d" 99-example.rules
  '';
}
