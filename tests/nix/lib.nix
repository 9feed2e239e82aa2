# The part of nixpkgs' lib that the overlay and the packages of these tests use, under its names.
let
  lib = {
    fix =
      f:
      let
        x = f x;
      in
      x;
    # An overlay on a package set that is a function of its own result.
    extends =
      overlay: base: final:
      let
        prev = base final;
      in
      prev // overlay final prev;
    composeExtensions =
      first: second: final: prev:
      let
        applied = first final prev;
      in
      applied // second final (prev // applied);

    inherit (builtins)
      attrNames
      attrValues
      concatLists
      concatMap
      concatStringsSep
      elem
      filter
      functionArgs
      head
      intersectAttrs
      isAttrs
      isFunction
      isList
      listToAttrs
      mapAttrs
      removeAttrs
      ;
    last = values: builtins.elemAt values (builtins.length values - 1);
    init = values: builtins.genList (builtins.elemAt values) (builtins.length values - 1);
    imap0 =
      f: values: builtins.genList (index: f index (builtins.elemAt values index)) (builtins.length values);
    genAttrs =
      names: f:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    mapAttrs' = f: set: builtins.listToAttrs (lib.mapAttrsToList f set);
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    nameValuePair = name: value: { inherit name value; };
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: values: if condition then values else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    optionalString = condition: text: if condition then text else "";
    concatStrings = builtins.concatStringsSep "";
    splitWords =
      text: builtins.filter (word: builtins.isString word && word != "") (builtins.split "[ \n]+" text);
    isDerivation = value: value.type or null == "derivation";
    versionOlder = one: other: builtins.compareVersions other one == 1;
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    escapeShellArg = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] (toString text)}'";
    escapeShellArgs = texts: builtins.concatStringsSep " " (map lib.escapeShellArg texts);

    # A result that can be made anew with other arguments.
    makeOverridable =
      f: arguments:
      let
        result = f arguments;
      in
      result
      // {
        override =
          changes:
          lib.makeOverridable f (
            arguments // (if builtins.isFunction changes then changes arguments else changes)
          );
      }
      // lib.optionalAttrs (result ? overrideAttrs) {
        overrideAttrs = change: lib.makeOverridable (own: (f own).overrideAttrs change) arguments;
      };

    # An output by its name, if the package has it; else the package.
    getOutput =
      name: package:
      if package.outputSpecified or false then package else package.${name} or package.out or package;
    getBin = lib.getOutput "bin";
    getDev = lib.getOutput "dev";
    getExe = package: "${lib.getBin package}/bin/${package.meta.mainProgram}";
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    # What the kernel's configuration is written in.
    kernel = {
      yes = {
        tristate = "y";
        optional = false;
      };
      option = value: value // { optional = true; };
    };
    mkForce = content: {
      _type = "override";
      priority = 50;
      inherit content;
    };

    licenses.mit.spdxId = "MIT";
    platforms.linux = [
      "aarch64-linux"
      "x86_64-linux"
    ];

    # lib.fileset: a set of files below a root.
    fileset = {
      unions = paths: { inherit paths; };
      toSource =
        { root, fileset }:
        let
          wanted = map toString (fileset.paths or [ fileset ]);
          below = top: path: path == top || builtins.substring 0 (builtins.stringLength top + 1) path == top + "/";
        in
        {
          outPath = builtins.path {
            path = root;
            name = "source";
            filter = path: _: builtins.any (top: below top path || below path top) wanted;
          };
        };
    };
  };
in
lib
