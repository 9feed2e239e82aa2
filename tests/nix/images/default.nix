# Images of real packages from Debian's files: one for each layout, made by hermeticImage.
arguments@{
  # The file of a kernel, and its directory lib/modules/VERSION.
  kernelImage,
  kernelModules,
  # The packages that make up the system, by Debian's names.
  systemPackages,
  # What is added to the kernel's command line, and the hash of the passwords.
  commandLine,
  passwordHash,
  ...
}:
let
  pkgs = import ../pkgs.nix (
    builtins.removeAttrs arguments [
      "kernelImage"
      "kernelModules"
      "systemPackages"
      "commandLine"
      "passwordHash"
    ]
  );
  inherit (pkgs) stdenv lib;

  debian = pkgs.fromDebs {
    name = "debian-system";
    outputs.out = lib.splitWords systemPackages;
    nativeBuildInputs = [ pkgs.patchSystemdUnitsHook ];
    # Debian's layout stays: its libraries and loader are looked for there.
    dontMoveLib64 = true;
    dontMoveSbin = true;
    dontMoveSystemdUserUnits = true;
  };

  # What Debian's installation scripts would have made.
  configuration = stdenv.mkDerivation {
    name = "configuration";
    src = builtins.path {
      name = "etc";
      path = ./etc;
    };
    installPhase = ''
      mkdir "$out"
      cp --recursive . "$out/etc"
    '';
  };

  # A package with a program, a unit and a user.
  hello = stdenv.mkDerivation {
    name = "hello-1.0";
    src = builtins.path {
      name = "hello";
      path = ./hello;
    };
    nativeBuildInputs = [ pkgs.patchSystemdUnitsHook ];
    installPhase = ''
      install -D hello.sh "$out/bin/hello"
      install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
      install -D --mode=644 --target-directory="$out/lib/sysusers.d" hello.conf
    '';
  };

  version = baseNameOf kernelModules;
  modules = stdenv.mkDerivation {
    name = "linux-modules";
    source = builtins.path {
      name = "linux-modules-source";
      path = kernelModules;
    };
    dontUnpack = true;
    dontStrip = true;
    installPhase = ''
      mkdir -p "$out/lib/modules"
      cp --recursive "$source" "$out/lib/modules/${version}"
    '';
  };

  image =
    layout:
    pkgs.hermeticImage {
      name = "image-${layout}";
      inherit layout;
      # Debian's programs have no RUNPATH: they find their libraries where the image has /usr/lib.
      lint = false;
      extra = [ configuration ];
      packages = [
        hello
        debian
      ];
      kernel = builtins.path {
        name = "vmlinuz";
        path = kernelImage;
      };
      modules = "${modules}/lib/modules/${version}";
      cmdline = [ commandLine ];
      hostname = "hello";
      preset = ''
        enable hello.service
      '';
      setuid = [ "su" ];
      # The store of these tests may lie in /root, where a tmpfs would hide it.
      tmpfs = [
        "/var"
        "/home"
        "/tmp"
      ];
      users = {
        alice = {
          uid = 1000;
          description = "Alice";
          home = "/home/alice";
          shell = "/bin/bash";
          groups = [ "users" ];
          hashedPassword = passwordHash;
        };
        root.hashedPasswordFile = pkgs.writeText "password" passwordHash;
      };
      assembleImageFlags = [ "--size-report" ];
    };
in
lib.genAttrs [
  "bare"
  "ddi"
  "esp-file"
  "initrd"
] image
