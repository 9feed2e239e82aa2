{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  outputs = [
    "out"
    "bin"
  ];
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  installPhase = ''
    install -D hello.sh "$bin/sbin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
}
