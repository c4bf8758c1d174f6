"""The examples of the help pages and of the manual page.

A line that begins with `#` says what the command below it does. A line has at most 78 characters;
one that ends with a backslash is continued. tests/cli/test_help_pages.py parses each command.
"""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = {
    "init": """
# In the folder of a Salesforce project: write a pool.yaml for it
provisioner init
# Import the pool of another tool
provisioner init --from .sfdx-hardis.yml
# In an empty folder: a sample, with a private key and its certificate
provisioner init my-pool --keys ~/.certs
""",
    "check": """
# Check pool.yaml and all files that it names; nothing is sent
provisioner check
# Also examine the Dev Hub: login, rights, limits, packages, ledger
provisioner check --online
# Annotate a pull request on GitHub
provisioner check --format github
""",
    "rehearse": """
# Build all pools of pool.yaml on an emulator
provisioner rehearse
# With the limits of your Dev Hub, and many kinds of failures
provisioner rehearse --limits active=40,daily=80 --faults worst-monday
# Assume that a package adds a permission set
provisioner rehearse --assume permission-set:Acme_Admin
# Keep it, and print a variable with which status, plan, claim … work on it
provisioner rehearse --serve
""",
    "plan": """
# Show what a build of one pool would do now
provisioner plan morning
# In a script: exit with 10 if a build would change something
provisioner plan --exit-code --quiet
# In a pull request: what it changes, compared with the main branch
provisioner plan --against ../base/pool.yaml --format markdown
""",
    "build": """
# Fill all pools of pool.yaml
provisioner build
# In a nightly job: print only the result, warnings and errors
provisioner build --quiet
# Find out why orgs of one pool fail
provisioner build morning --keep-failed
# Write the log as JSON, one object in a line
provisioner build --log-format json 2> build.log
""",
    "retry": """
# After the step that failed was fixed
provisioner retry morning-k3j9x2w7qa@acme.example
""",
    "report": """
# Show how the last build ended, and why orgs failed
provisioner report
# Write it as an HTML page, and for the test view of a CI system
provisioner report --html night.html --junit night.xml
# List the builds
provisioner report --runs
# Show the history of one org
provisioner report morning-k3j9x2w7qa@acme.example
""",
    "reap": """
# Show which orgs would be deleted, and why
provisioner reap --dry-run
# After the ledger was lost, restore the rows of the orgs
provisioner reap --rebuild
""",
    "serve": """
# Serve the page and the API for yourself, on this machine
provisioner serve
# Behind a reverse proxy on the same host, which ends TLS
provisioner serve --port 8080
""",
    "mcp": """
# Add the tools to a coding agent, for example Claude Code
# claude mcp add provisioner -- provisioner --config /srv/pools/pool.yaml mcp
provisioner mcp
# Claim as another owner
provisioner mcp --owner "agent of ann@acme.example"
""",
    "status": """
# Show all pools and their orgs
provisioner status
# Show the orgs that you have claimed
provisioner status --mine
# Show the orgs that failed, and why
provisioner status --failed
# Count the available orgs in a script
provisioner status --json | jq '.pools[] | {name, available}'
""",
    "claim": """
# Claim any available org of a pool for two hours
provisioner claim --pool morning --lease 2h --purpose "reproduce a bug"
# Claim a certain org
provisioner claim morning-k3j9x2w7qa@acme.example
# Claim one, and log the Salesforce CLI in to it
provisioner claim --pool morning --sf --alias bug-1234
# In CI: wait for an org; the same run gets the same org again
provisioner claim --pool morning --owner ci --wait 10m \\
  --idempotency-key "$CI_JOB_ID" --json
""",
    "login": """
# Log in, and open the org in a browser
provisioner login morning-k3j9x2w7qa@acme.example --open
# Log the Salesforce CLI in to the org
provisioner login morning-k3j9x2w7qa@acme.example --sf --alias morning
# Run a command with the session in its environment
provisioner login morning-k3j9x2w7qa@acme.example --exec -- python seed.py
# Without pool.yaml and ledger
provisioner login morning-k3j9x2w7qa@acme.example --json \\
  --consumer-key 3MVG9abc --key server.key \\
  --login-url https://test.salesforce.com
""",
    "renew": """
# Extend the lease to eight hours from now
provisioner renew morning-k3j9x2w7qa@acme.example
# End the lease earlier
provisioner renew morning-k3j9x2w7qa@acme.example --lease 30m --shorten
""",
    "release": """
# Release the org and delete it
provisioner release morning-k3j9x2w7qa@acme.example
# Return the org to its pool
provisioner release morning-k3j9x2w7qa@acme.example --reuse
""",
    "hub app": """
# Deploy the app with the session of an administrator
provisioner hub app --session-from-env
# Replace the certificate; private_key is [NEW, OLD]
provisioner hub app --rotate
""",
    "hub install": """
# Install the ledger; two users may claim
provisioner hub install --consumer ci@acme.example --consumer dev@acme.example
""",
    "hub uninstall": """
# Remove the ledger and its records
provisioner hub uninstall
""",
    "hub unlock": """
# Release the lock of a build on a machine that is gone
provisioner hub unlock 20270301-031500-78944f
""",
    "ledger copy": """
# Move from a file to PostgreSQL; stop all builds before
provisioner ledger copy sqlite:///.provisioner/ledger.db \\
  'postgresql://pools:${PGPASSWORD}@db.acme.example/pools'
""",
    "completion": """
# bash, with the package bash-completion
provisioner completion bash \\
  > ~/.local/share/bash-completion/completions/provisioner
# bash, without it
provisioner completion bash >> ~/.bashrc
# zsh, in a folder of $fpath
provisioner completion zsh > ~/.zfunc/_provisioner
# fish
provisioner completion fish > ~/.config/fish/completions/provisioner.fish
""",
    "emulator": """
# Serve a Dev Hub with few sign-ups, a hundred times faster than real time
provisioner emulator --speed 100 --limits active=10,daily=20
""",
    "source convert": """
# Write the metadata package of a project
provisioner source convert . --out build/package.zip
""",
    "schema": """
# Write the JSON schema, for completion in an editor
provisioner schema > pool.schema.json
""",
}
"""Command → its examples, as they are printed."""
