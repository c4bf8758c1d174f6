// Converts projects with the official library, for scripts/compare-source and scripts/bench.
//
//     node convert.js OUT_FOLDER PROJECT...
//
// Writes OUT_FOLDER/<n>.zip for the n-th project and prints a JSON line for each.
const fs = require("fs");
const path = require("path");
const modules = process.env.OFFICIAL_MODULES;
const library = require(path.join(modules, "@salesforce/source-deploy-retrieve"));
const { SfProject, Lifecycle } = require(path.join(modules, "@salesforce/core"));

const DELETIONS = {
  "destructiveChangesPre.xml": library.DestructiveChangesType.PRE,
  "destructiveChangesPost.xml": library.DestructiveChangesType.POST,
};
const warnings = [];
Lifecycle.getInstance().onWarning(async (warning) => warnings.push(warning));

async function convert(folder, out) {
  process.chdir(folder);
  const project = await SfProject.resolve(folder);
  const settings = await project.resolveProjectConfig();
  const set = await library.ComponentSetBuilder.build({
    sourcepath: project.getUniquePackageDirectories().map((entry) => entry.fullPath),
    projectDir: folder,
    sourceapiversion: settings.sourceApiVersion ?? "58.0",
  });
  for (const [file, when] of Object.entries(DELETIONS)) {
    const manifest = path.join(folder, file);
    if (!fs.existsSync(manifest)) continue;
    const { components } = await new library.ManifestResolver().resolve(manifest);
    for (const { type, fullName } of components) {
      set.add(new library.SourceComponent({ type, name: fullName }), when); // as fromManifest does
    }
  }
  const registry = new library.RegistryAccess(undefined, folder);
  const converter = new library.MetadataConverter(registry);
  const result = await converter.convert(set, "metadata", { type: "zip" });
  fs.writeFileSync(out, result.zipBuffer);
}

(async () => {
  const [, , outFolder, ...folders] = process.argv;
  for (const [index, folder] of folders.entries()) {
    const answer = { project: folder };
    warnings.length = 0;
    try {
      await convert(fs.realpathSync(folder), path.join(outFolder, `${index}.zip`));
      answer.warnings = [...warnings];
    } catch (error) {
      answer.error = `${error.name}: ${error.message}`;
    }
    console.log(JSON.stringify(answer));
  }
})();
