{ stdenv, lintStorePathHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ lintStorePathHook ];
  dontPatchShebangs = true;
  dontLintStorePath = true;
  lintStorePathDeny = [ "shebang-outside-store" ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
  '';
  doInstallCheck = true;
  installCheckPhase = ''
    if lintStorePath >said; then
      exit 1
    fi
    grep --quiet 'error\[shebang-outside-store\]' said
  '';
}
