# A package of nixpkgs in three forms: as it is, with the hooks, and with the hooks in place of what
# its expression does itself. `cargo xtask nixpkgs-check` builds and compares them.
{
  # Where nixpkgs is, and its configuration.
  nixpkgs,
  config ? { },
  # The attribute of the package, with dots, and the file of what its expression does itself.
  attribute,
  table ? ../docs/nixpkgs-packages.toml,
}:
let
  pkgs = import nixpkgs {
    inherit config;
    overlays = [ (import ./.) ];
  };
  inherit (pkgs) lib;

  wordsOf = separator: text: builtins.filter builtins.isString (builtins.split separator text);
  byPath = path: builtins.foldl' (set: name: set.${name}) pkgs (wordsOf "[.]" path);

  rows = lib.concatMap (group: group.packages) (lib.importTOML table).groups;
  row =
    let
      found = builtins.filter (row: row.attribute == attribute) rows;
    in
    if found == [ ] then { inherit attribute; } else builtins.head found;
  changes = row.changes or [ ];

  # --- Lines that go ---

  # A line of the table as a regular expression: what Nix fills in is anything without a blank.
  special = [
    "\\"
    "."
    "*"
    "+"
    "?"
    "^"
    "$"
    "|"
    "("
    ")"
    "["
    "]"
    "{"
    "}"
  ];
  literal = builtins.replaceStrings special (map (character: "\\${character}") special);
  pattern = line: lib.concatStringsSep "[^ ]*" (map literal (wordsOf "[$][{][^}]*[}]" line));
  isLine = line: text: builtins.match "[ \t]*${pattern line}[ \t]*" text != null;

  linesOf =
    text:
    let
      lines = wordsOf "\n" text;
    in
    # What ends the last line begins none.
    if lines != [ ] && lib.last lines == "" then lib.init lines else lines;
  part = start: count: lines: builtins.genList (index: builtins.elemAt lines (start + index)) count;

  # Where the lines of a block are, one after the other; null, if they are not.
  placeOf =
    block: lines: start:
    let
      isHere = builtins.all (
        index: isLine (builtins.elemAt block index) (builtins.elemAt lines (start + index))
      ) (builtins.genList (index: index) (builtins.length block));
    in
    if start + builtins.length block > builtins.length lines then
      null
    else if isHere then
      start
    else
      placeOf block lines (start + 1);

  without =
    change: text:
    let
      lines = wordsOf "\n" text;
      block = linesOf change.remove;
      place = placeOf block lines 0;
      end = place + builtins.length block;
      changed =
        part 0 place lines
        ++ linesOf (change.add or "")
        ++ part end (builtins.length lines - end) lines;
    in
    if place == null then
      null
    else
      # Splitting has lost what the text depends on.
      builtins.substring 0 0 text + lib.concatStringsSep "\n" changed;

  # The attributes without the lines, and the changes whose lines are not there.
  changedAttributes =
    old:
    builtins.foldl'
      (
        result: change:
        let
          text = result.attributes.${change.attribute} or old.${change.attribute} or "";
          changed = if builtins.isString text then without change text else null;
        in
        if changed == null then
          result // { notFound = result.notFound ++ [ change ]; }
        else
          result
          // {
            attributes = result.attributes // {
              ${change.attribute} = changed;
            };
          }
      )
      {
        attributes = { };
        notFound = [ ];
      }
      changes;

  # --- The three forms ---

  package = byPath attribute;
  own = builtins.replaceStrings [ "$out" ] [ "${placeholder "out"}" ];
  hooked = package.overrideAttrs (
    old:
    {
      nativeBuildInputs =
        (old.nativeBuildInputs or [ ])
        ++ map (hook: pkgs.buildPackages.${hook}) (row.hooks or [ "patchSystemdUnitsHook" ]);
      buildInputs = (old.buildInputs or [ ]) ++ map byPath (row.inputs or [ ]);
    }
    // lib.optionalAttrs (row ? flags) {
      patchSystemdUnitsFlags = (old.patchSystemdUnitsFlags or [ ]) ++ row.flags;
    }
    // lib.optionalAttrs (row ? replace) {
      patchSystemdUnitsReplace = (old.patchSystemdUnitsReplace or [ ]) ++ map own row.replace;
    }
  );
in
{
  original = package;
  inherit hooked;
  replaced = hooked.overrideAttrs (old: (changedAttributes old).attributes);
  # What `replaced` still has.
  notFound = map (change: "${change.attribute}: ${builtins.head (linesOf change.remove)}") (
    changedAttributes package
  ).notFound;
}
