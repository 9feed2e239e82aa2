{
  stdenv,
  bash,
  lintStorePathHook,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ lintStorePathHook ];
  buildInputs = [ bash ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    ln -s hello "$out/bin/hi"
  '';
}
