// What a browser with JavaScript adds to the page: live changes, a list that filters while one
// types, the session in a dialog, copying, and the keyboard. All else works without.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const csrf = one('meta[name="csrf-token"]')?.content ?? '';

// ---- parts of the page, fetched again --------------------------------------------------------

let asked = 0;

async function replaceParts(url, names) {
  const mine = ++asked;
  const answer = await fetch(url, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return location.reload();
  const found = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (mine !== asked) return undefined;
  for (const name of names) {
    const fresh = found.getElementById(name);
    const old = document.getElementById(name);
    if (fresh && old && !(old.contains(document.activeElement) && name !== 'list')) old.replaceWith(fresh);
  }
  replacePools(found);
  if (found.body.dataset.live) document.body.dataset.live = found.body.dataset.live;
  return undefined;
}

// Not the whole card: its form may be open.
function replacePools(found) {
  for (const card of all('[data-pool]')) {
    const fresh = one(`[data-pool="${CSS.escape(card.dataset.pool)}"]`, found);
    if (!fresh) continue;
    for (const part of ['.head', '.bar', '.legend']) one(part, card).replaceWith(one(part, fresh));
  }
}

let waiting = 0;

// Many pages are open: they do not all ask at the same moment.
function refreshSoon() {
  if (waiting || !one('#list')) return;
  waiting = setTimeout(() => {
    waiting = 0;
    replaceParts(location.href, ['mine', 'building', 'builds', 'list']);
  }, 1000 + Math.random() * 3000);
}

// ---- live changes ----------------------------------------------------------------------------

function showPool(pool) {
  const card = one(`[data-pool="${CSS.escape(pool.name)}"]`);
  if (!card) return;
  for (const part of pool.parts) {
    const piece = one(`.bar .${part.kind}`, card);
    piece.setAttribute('x', `${part.x}%`);
    piece.setAttribute('width', `${part.width}%`);
    for (const count of all(`[data-count="${part.kind}"]`, card)) count.textContent = part.count;
    const entry = one(`[data-kind="${part.kind}"]`, card);
    entry.hidden = !part.count && ['failed', 'wanted'].includes(part.kind);
  }
  const named = pool.parts.filter((part) => part.count).map((part) => `${part.count} ${part.kind}`);
  one('.bar', card).setAttribute('aria-label', named.join(', '));
}

const UNFINISHED = ['intended', 'signing_up', 'building'];

function showOrg(org) {
  for (const row of all(`[data-org="${CSS.escape(org.username)}"]`)) {
    const state = one('.state', row);
    state.textContent = org.state.replace('_', ' ');
    state.className = `state ${org.state}`;
    const texts = { owner: org.owner, purpose: org.purpose, activity: org.activity };
    for (const [name, text] of Object.entries(texts)) {
      const place = one(`.${name}`, row);
      if (place) place.textContent = text ?? '';
    }
    row.classList.add('changed');
  }
}

function showChange(change) {
  const me = document.body.dataset.me;
  change.pools.forEach(showPool);
  change.orgs.forEach(showOrg);
  const isBuilding = (org) => UNFINISHED.includes(org.state);
  const isThere = (org) => one(`#building [data-org="${CSS.escape(org.username)}"]`);
  const needed = change.runs || change.orgs.some((org) => org.owner === me || isBuilding(org) !== !!isThere(org));
  if (needed) refreshSoon();
}

function say(text) {
  const place = one('#live');
  if (!place) return;
  place.hidden = false;
  place.textContent = text;
  place.classList.toggle('off', text !== 'live');
}

let source = null;

function listen() {
  source = new EventSource('/v1/events');
  source.addEventListener('change', (event) => showChange(JSON.parse(event.data)));
  source.addEventListener('state', (event) => {
    if (JSON.parse(event.data).digest !== document.body.dataset.live) refreshSoon();
  });
  source.addEventListener('open', () => say('live'));
  source.addEventListener('error', () => {
    say('not connected');
    if (source?.readyState === EventSource.CLOSED) setTimeout(followIfShown, 10000);
  });
}

// A browser has few connections to one server: a tab that nobody sees must not keep one.
function followIfShown() {
  source?.close();
  source = null;
  if (!document.hidden) listen();
}

if ('live' in document.body.dataset) {
  followIfShown();
  document.addEventListener('visibilitychange', followIfShown);
}

// ---- the list --------------------------------------------------------------------------------

const filter = one('#filter');

function filterNow() {
  const given = [...new FormData(filter)].filter(([name, value]) => value && !(name === 'sort' && value === 'pool'));
  const query = new URLSearchParams(given).toString();
  const url = query ? `/?${query}` : '/';
  history.replaceState(null, '', url);
  replaceParts(url, ['list']);
}

if (filter) {
  let typing = 0;
  filter.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(filterNow, 200);
  });
  filter.addEventListener('submit', (event) => {
    event.preventDefault();
    filterNow();
  });
}

// ---- the session, shown once -----------------------------------------------------------------

const dialog = one('#session-dialog');

async function showSession(username) {
  const problem = one('#session-problem');
  const content = one('#session-content');
  content.hidden = problem.hidden = true;
  dialog.showModal();
  const url = `/v1/claims/${encodeURIComponent(username)}/session`;
  const answer = await fetch(url, { method: 'POST', headers: { 'X-CSRF-Token': csrf }, cache: 'no-store' });
  const found = await answer.json();
  if (answer.ok) {
    one('#session-instance').textContent = found.instance_url;
    one('#session-token').textContent = found.access_token;
  } else {
    problem.textContent = `${found.error.message}. ${found.error.hint}`;
  }
  content.hidden = !answer.ok;
  problem.hidden = answer.ok;
}

if (dialog) {
  one('[data-session]').addEventListener('submit', (event) => {
    event.preventDefault();
    showSession(event.target.dataset.session);
  });
  const forget = () => { one('#session-token').textContent = ''; };
  one('#session-close').addEventListener('click', () => {
    forget();
    dialog.close();
  });
  dialog.addEventListener('close', forget);
  addEventListener('pagehide', forget);
}

// A form that gives a credential works once: the page gets a new one after its use.
document.addEventListener('submit', (event) => {
  if (!('once' in event.target.dataset)) return;
  const field = one('[name="once"]', event.target);
  setTimeout(() => {
    field.value = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16)).join('');
  }, 500);
});

// ---- copying, and the keyboard ---------------------------------------------------------------

for (const button of all('[data-copy]')) {
  button.hidden = false;
  const label = [...button.childNodes];
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.replaceChildren(...label); }, 2000);
  });
}

function moveInList(step) {
  const links = all('#list th[scope="row"] a');
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

const KEYS = {
  '/': () => one('[name="q"]')?.focus(),
  c: () => {
    const claim = one('details.claim');
    if (!claim) return;
    claim.open = true;
    one('[name="purpose"]', claim).focus();
  },
  m: () => (one('#mine a, #mine button') ?? one('#mine'))?.focus(),
  o: () => one('#mine form[data-once] button')?.click(),
  j: () => moveInList(1),
  k: () => moveInList(-1),
  '?': () => {
    const keys = one('#keys');
    if (!keys) return;
    keys.open = true;
    one('summary', keys).focus();
  },
};

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.closest('input, select, textarea, dialog');
  if (event.key === 'Escape' && isTyping && !dialog?.open) event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
