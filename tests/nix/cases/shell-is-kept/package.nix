{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  patchSystemdUnitsKeep = [
    "/bin/sh"
    "sh"
  ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
}
