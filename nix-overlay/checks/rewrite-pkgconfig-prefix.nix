# Packages that prove the hook on the nixpkgs it is used with.
{ stdenv, hook }:
let
  # A package that ships a .pc file, which says where others install.
  provider =
    name: structured:
    stdenv.mkDerivation {
      name = "rewrite-pkgconfig-prefix-hook-${name}";
      __structuredAttrs = structured;
      strictDeps = true;
      nativeBuildInputs = [ hook ];
      rewritePkgConfigPrefixKeep = [ "/usr/share/kept*" ];

      dontUnpack = true;
      installPhase = ''
        runHook preInstall
        mkdir -p "$out/lib/pkgconfig" "$out/lib/udev"
        cat >"$out/lib/pkgconfig/udev.pc" <<'PC'
        udevdir=/usr/lib/udev
        kept=/usr/share/kept
        prefix=/usr
        Name: udev
        Description: An example
        Version: 1
        PC
        runHook postInstall
      '';

      doInstallCheck = true;
      installCheckPhase = ''
        pc=$(<"$out/lib/pkgconfig/udev.pc")
        [[ $pc == "prefix=$out"* ]]
        [[ $pc == *"udevdir=\''${prefix}/lib/udev"* ]]
        [[ $pc == *"kept=/usr/share/kept"* ]]
      '';
    };

  # A package that installs where the other one says.
  consumer =
    name: structured:
    stdenv.mkDerivation {
      name = "rewrite-pkgconfig-prefix-hook-consumer-${name}";
      __structuredAttrs = structured;
      strictDeps = true;
      nativeBuildInputs = [ hook ];
      env.PKG_CONFIG_PATH = "${provider name structured}/lib/pkgconfig";
      pkgConfigInstallVariables = [ "udev=kept" ];

      dontUnpack = true;
      installPhase = ''
        runHook preInstall
        copy=''${PKG_CONFIG_PATH%%:*}/udev.pc
        udevdir=$(sed --quiet 's|^udevdir=||p' "$copy")
        kept=$(sed --quiet 's|^kept=||p' "$copy")
        [[ $udevdir == "$out/lib/udev" && $kept == "$out/share/kept" ]]
        mkdir -p "$udevdir"
        runHook postInstall
      '';
    };
in
{
  strings = provider "strings" false;
  structured-attributes = provider "structured-attributes" true;
  consumer-strings = consumer "strings" false;
  consumer-structured-attributes = consumer "structured-attributes" true;
}
