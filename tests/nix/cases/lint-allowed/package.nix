{ stdenv, lintStorePathHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ lintStorePathHook ];
  dontPatchShebangs = true;
  lintStorePathAllow = [ "shebang-outside-store:share/**" ];
  lintStorePathSeverity = [ "shebang-outside-store=note" ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D hello.sh "$out/share/example/hello"
  '';
}
