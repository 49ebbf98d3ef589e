# An attribute for all that can be built: source, the documentation by its environment's name, and each target.
#
#   nix-build nix -A source --argstr version 3.13.5 --argstr source Python-3.13.5.tar.xz
#   nix-build nix -A linux-x86_64 --argstr version 3.13.5 --argstr source Python-3.13.5.tar.xz
#
# README.md, beside this file, says more. Strings and paths will both do where a file is asked for.
{
  # By hand: the version, and a published tarball, or the pack of a commit with what identifies that.
  version ? null,
  source ? null,
  # What `sha256sum` prints of the source; by default, what was published.
  sha256 ? null,
  commit ? null,
  tree ? null,
  # Seconds since 1970, for SOURCE_DATE_EPOCH; of a tarball, by default, the time of its newest member.
  epoch ? "",
  # Of a target's interpreter: "pgo", if it can be trained, or "none".
  optimize ? "pgo",
  # By a program, for the attribute job: the environment's lock, the command as a JSON list, all that is to be in /in as a
  # tar file, and a word that is another one each time, so that nothing is taken for built already.
  lock ? null,
  argv ? null,
  inputs ? null,
  nonce ? "",
  # The environment's root file system, if it is not in Verbatim's cache.
  root ? null,
}:

let
  # By Debian's names of architectures.
  architectures = {
    amd64 = {
      system = "x86_64-linux";
      # Not by the link in usr/lib64, which is absolute in Debian 12.
      loader = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
      libraries = "usr/lib/x86_64-linux-gnu";
    };
  };

  readTOML = path: builtins.fromTOML (builtins.readFile path);

  # What every engine keeps.
  contract = readTOML ../verbatim/sandboxing/contract.toml;

  asPath =
    given:
    if builtins.isPath given then
      given
    else if builtins.substring 0 1 given == "/" then
      /. + given
    else
      /. + builtins.getEnv "PWD" + "/${given}";

  first = values: builtins.head (builtins.filter (value: value != "") values);

  cache = first [
    (builtins.getEnv "VERBATIM_CACHE")
    "${first [
      (builtins.getEnv "XDG_CACHE_HOME")
      "${builtins.getEnv "HOME"}/.cache"
    ]}/verbatim"
  ];

  # What there is no hash of goes in unchecked, as the user's own.
  file =
    name: path: sha256:
    builtins.path (
      {
        inherit name;
        path = asPath path;
        recursive = false;
      }
      // (if sha256 == null then { } else { inherit sha256; })
    );

  # The hash that was published for a tarball under the name that it has on python.org.
  published =
    let
      suffix = if builtins.match ".*\\.xz" (toString source) != null then "tar.xz" else "tgz";
    in
    (readTOML ../releases/published.toml).${version}."Python-${version}.${suffix}" or null;

  kind = if commit == null then "tarball" else "git";

  # What builds for a platform are told; nothing for what is no target.
  targetOf =
    name:
    let
      path = ../targets + "/${name}/target.toml";
    in
    if builtins.pathExists path then readTOML path else { };

  # What an environment is for; its definition, or the base of that, says so.
  roleOf =
    path:
    let
      definition = readTOML path;
    in
    definition.role or (roleOf (../containers/bases + "/${definition.like}.toml"));

  # Not of a target, the recipe is called as the environment's role.
  recipeOf =
    name: (targetOf name).recipe or (roleOf (../containers/build + "/${name}/environment.toml"));

  environmentOf = name: (targetOf name).environment or name;

  # What a recipe is told: KEY=VALUE, a word for each of a list, and KEY=NAME=VALUE for each of a table.
  wordsOf =
    parameters:
    builtins.concatMap (
      key:
      let
        value = parameters.${key};
        values =
          if builtins.isAttrs value then
            map (name: "${name}=${value.${name}}") (builtins.attrNames value)
          else if builtins.isList value then
            value
          else
            [ value ];
      in
      map (each: "${key}=${each}") values
    ) (builtins.attrNames parameters);

  targetWords =
    { parameters, ... }:
    wordsOf parameters ++ (if parameters ? emulator then [ "optimize=${optimize}" ] else [ ]);

  # What a recipe is given by hand: itself in /in/recipe, the source in /in/source.
  byHand =
    name:
    if version == null || source == null then
      throw "give --argstr version and --argstr source; see nix/README.md"
    else if kind == "git" && (tree == null || epoch == "") then
      throw "with --argstr commit, give --argstr tree and --argstr epoch as well; see nix/README.md"
    else
      {
        inherit kind;
        # All of them, since one may have files of another, and all have those in common.
        recipes = builtins.path {
          name = "recipes";
          path = ../recipes;
        };
        recipe = recipeOf name;
        source = file "source" source (
          if sha256 != null then sha256 else if kind == "tarball" then published else null
        );
      };

  command =
    name:
    if argv != null then
      builtins.fromJSON argv
    else
      [
        "/usr/bin/bash"
        "/in/recipe/${recipeOf name}.sh"
        "version=${version}"
        "source=${kind}"
      ]
      ++ (if kind == "git" then wordsOf { inherit commit tree; } else [ ])
      ++ (if targetOf name == { } then [ ] else targetWords (targetOf name));

  build =
    name: lockFile:
    let
      lock = readTOML lockFile;
      architecture = architectures.${lock.architecture};
      # Nix itself refuses a root that is not the locked one, and does not read it again once it has it.
      environment = builtins.path {
        name = "verbatim-environment-${baseNameOf (dirOf lockFile)}";
        path = asPath (if root != null then root else "${cache}/environments/${lock.root_sha256}");
        sha256 = lock.nar_sha256;
      };
      loader = "${environment}/${architecture.loader}";
      libraries = "${environment}/${architecture.libraries}";
    in
    derivation (
      {
        name = if version == null then "verbatim-${name}" else "verbatim-${name}-${version}";
        inherit (architecture) system;
        inherit environment epoch loader libraries nonce;
        builder = loader;
        # Nix does not take its builds along when it is killed: the first process there is takes all others along.
        args = [
          "--inhibit-cache"
          "--glibc-hwcaps-mask"
          "none"
          "--library-path"
          libraries
          "${environment}/usr/bin/bwrap"
          "--die-with-parent"
          "--dev-bind"
          "/"
          "/"
          "--"
          loader
          "--inhibit-cache"
          "--glibc-hwcaps-mask"
          "none"
          "--library-path"
          libraries
          "${environment}/usr/bin/bash"
          ./builder.sh
        ]
        ++ command name;
        refused = ./seccomp.bpf;
        inherit (contract) confinement mounts uid host;
        contract = wordsOf contract.variables;
        folder = contract.build;
        # What comes out is to be built, not fetched from whoever says that it is this.
        allowSubstitutes = false;
      }
      // (if inputs != null then { inputs = file "inputs.tar" inputs null; } else byHand name)
    )
    // {
      # To be looked at without building anything.
      command = command name;
    };

  directories =
    path:
    let
      entries = builtins.readDir path;
    in
    builtins.filter (name: entries.${name} == "directory") (builtins.attrNames entries);

  # The source and the documentation have an environment each; those for toolchains are their targets'.
  isStage = name: roleOf (../containers/build + "/${name}/environment.toml") != "target";
  isTarget = name: targetOf name != { };
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = build name (../containers/build + "/${environmentOf name}/lock.toml");
  }) (
    builtins.filter isStage (directories ../containers/build)
    ++ builtins.filter isTarget (directories ../targets)
  )
)
// (if lock == null then { } else { job = build (baseNameOf (dirOf lock)) (asPath lock); })
