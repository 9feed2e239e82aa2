{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
  '';
}
