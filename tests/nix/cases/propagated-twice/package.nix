{ stdenv, patchSystemdUnitsHook }:
let
  framework = stdenv.mkDerivation {
    name = "framework-1.0";
    propagatedNativeBuildInputs = [ patchSystemdUnitsHook ];
    propagatedBuildInputs = [ patchSystemdUnitsHook ];
    dontUnpack = true;
    installPhase = ''
      mkdir "$out"
    '';
  };
in
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    framework
    patchSystemdUnitsHook
  ];
  buildInputs = [ framework ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
}
