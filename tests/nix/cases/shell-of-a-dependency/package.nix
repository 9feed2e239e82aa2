{ stdenv, patchSystemdUnitsHook }:
let
  dash = stdenv.mkDerivation {
    name = "dash-0.5";
    buildCommand = ''
      mkdir -p "$out/bin"
      cp --dereference /bin/dash "$out/bin/sh"
    '';
  };
in
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [ dash ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
}
