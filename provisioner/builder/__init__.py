"""Executes a plan: signs orgs up, runs their steps, replaces and deletes orgs.

One build
    run              lock, compare, plan, execute; puts the parts together
    context          what all parts share
    progress         what is done so far and may still be spent, behind the build's lock
    planning         the plan: ledger, fingerprints, limits
    retry_plan       the plan of `retry`: one failed org continues
    preview          the plan without a build
    pool_preview     what follows from the plan of a pool: pairs, the canary, the lowest number
    comparison       what another pool.yaml would change, without the Dev Hub
    offline_packages package versions without the Dev Hub
    resolution       the package versions that pool.yaml names
    repairs          repairs broken rows of the ledger
    survey           compares the Dev Hub with the ledger
    result           counts, orgs, exit code
    scheduler        runs jobs when they are due, or when another part wakes them

One org
    lifecycle        all transitions of its row, with its deadlines
    deadline         a limit that counts from a time in the row
    usernames        the username that we choose for it
    outcomes         what follows when it is available, has failed, or is left to the next build
    org_steps        carries it through its steps
    step_list        the steps in order
    unreachable_orgs asks the Dev Hub about orgs that refuse requests

Polls
    poll_times       when steps and sign-ups are polled next
    next_poll        the rules: where an end is likely, and where the build waits for it
    durations_seen   how long operations take, in this build and in past ones
    awaited          an operation that a step awaits, and its phases
    org_polls        keeps what the step of an org awaits

The app that consumers log in through
    login_way        copied by the sign-up, or deployed by the build; `auto` finds out
    first_logins     the first sessions of orgs that get an app of their own
    lost_sessions    replaces orgs whose first session ended with an earlier build

Sign-ups
    signup_queue     what is to be signed up
    signup_dispatch  decides which sign-ups are sent now
    signup_sender    commits the intent, sends the request
    signup_request   what a request contains
    shared_limits    waits for other builds of the Dev Hub, or reads its limits again
    hub_reading      reads what the Dev Hub has left for all builds
    pending_signups  what has no outcome yet
    signup_poll      polls all of them with one query
    signup_breaker   slows down and stops sign-ups after transient failures
    circuit_breaker  stops sign-ups after other failures; the canary

Org snapshots
    snapshots        which orgs are signed up from one, make one, or wait for one
    snapshot_names   their names, and the steps above and below the marker
    snapshot_survey  what the Dev Hub has, and what is to be made
    snapshot_content one content, and its snapshot in this build
    snapshot_source  makes one, in the source org
    snapshot_trust   which ones are verified or rejected
    snapshot_waiting the orgs that wait for one
    snapshot_preview what a build would do about them
    unused_snapshots those that no pool uses any more

Room and deletion
    room             free slots, and outdated orgs that are deleted for new ones
    deletions        deletes orgs, and lists them with reasons
    ready_marks      marks verified orgs on the Dev Hub

Around it
    connections      the sessions of the Dev Hub and the orgs
    hub_retries      retries the first requests of a build
    crashes          unexpected exceptions
    failed_run       records the end of a run that an error stops
    events           events and messages of a build
    follower         follows the build for people who watch it
    overview         what it is doing at one moment
    forecast         when its orgs will be available
    pool_deadlines   warns when a pool will not be ready in time
    ticker           calls a function at intervals
    causes           failures by cause
    step_times       how long steps take
    history          what is usual in past builds
    reporter         reports to the observer, without secrets
    fingerprint      the hash of the content of an org
    org_inputs       the inputs behind it, by name
    packed_inputs    the inputs in the record of a build
    input_changes    what differs between two of them
    org_progress     what a process knows of an org beyond its row
    step_notes       what steps leave for the report: warnings, outputs
    manifest_entries the content of orgs, for the manifest
    inspection       logs in to an org of a lost ledger
    selection        which pools a command is about
"""
