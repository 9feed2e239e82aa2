{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  src = ./src;
  postFixup = ''
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    mv "$out/bin/hello" "$out/bin/hello-renamed"
  '';
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
  '';
}
