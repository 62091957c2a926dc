// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// A project: its pictures, what the audit says, trainings and searches.

import {post, put, remove, trying, url} from './api.js';
import {h, place, say} from './dom.js';
import {t} from './words.js';

const AT_ONCE = 3;  // uploads

export const working = (job) => job && job.state === 'running';

// The command line of what was done, and what it printed.
export function told(job, key) {
  if (!job) return null;
  return [
    job.state === 'failed' &&
      h('p', {role: 'alert'}, t('failed', {message: job.message})),
    h('details', {'data-key': key}, h('summary', {}, t('command')),
      h('pre', {tabindex: 0, 'aria-label': t('command')}, job.command),
      h('pre', {tabindex: 0, 'aria-label': t('log')}, job.log || '')),
  ];
}

export function stateWords(found) {
  const words = t(`state.${found.state}`);
  return found.message ? `${words}: ${found.message}` : words;
}

export function project(name) {
  const api = (...parts) => url('api', 'projects', name, ...parts);
  const title = h('h1', {});
  const piles = ['a', 'b'].map((domain) => pile(name, domain, api));
  const audit = place((shown, counts) => auditPart(name, shown, counts, api));
  const probe = place((shown) => probePart(shown, api));
  const choose = form(api, name);
  const runs = place((shown) => runsPart(name, shown));
  const searches = place((shown) => searchesPart(name, shown, api, choose));
  return {
    nodes: [
      h('a', {class: 'back', href: '#/'}, t('back.home')),
      title,
      h('section', {'aria-labelledby': 'step1'},
        h('h2', {id: 'step1'}, t('step.pictures')),
        h('p', {}, t('pictures.what')),
        h('div', {class: 'pair'}, piles.map((p) => p.node))),
      h('section', {'aria-labelledby': 'step2'},
        h('h2', {id: 'step2'}, t('step.audit')), audit.node),
      h('section', {'aria-labelledby': 'step3'},
        h('h2', {id: 'step3'}, t('step.train')), choose.before, probe.node,
        choose.node),
      h('section', {'aria-labelledby': 'step4'},
        h('h2', {id: 'step4'}, t('step.runs')), runs.node),
      h('section', {'aria-labelledby': 'step5'},
        h('h2', {id: 'step5'}, t('step.search')),
        h('p', {}, t('search.what')), choose.search, searches.node),
    ],
    show(shown) {
      title.textContent = shown.title;
      piles.forEach((p) => p.show(shown));
      audit.show(shown.audit, {a: shown.pictures.a.count,
                               b: shown.pictures.b.count});
      probe.show(shown.probe);
      choose.show(shown);
      runs.show({runs: shown.runs, starting: shown.starting});
      searches.show(shown.searches);
    },
  };
}

// One pile of pictures: dropped, chosen, or in a folder of the person's own.
function pile(name, domain, api) {
  const letter = domain.toUpperCase();
  const count = h('p', {id: `count-${domain}`});
  const bar = h('progress', {'aria-label': t('upload.progress'), max: 1});
  bar.hidden = true;
  const refused = h('ul', {class: 'findings'});
  // Those in a folder of the person's own are theirs to remove.
  const thumbs = place((names, count, removable) => [
    h('ul', {class: 'thumbs'}, names.map((picture) => h('li', {}, h('img', {
      src: `${api('thumbnails', domain)}/` +
        picture.split('/').map(encodeURIComponent).join('/'),
      alt: picture, loading: 'lazy', width: 52, height: 52,
    }), removable && h('button', {
      type: 'button', class: 'remove', title: t('remove.one', {name: picture}),
      'aria-label': t('remove.one', {name: picture}),
      onclick: () => drop(api('pictures', domain, picture), picture),
    }, '×')))),
    count > names.length && h('p', {class: 'soft'},
      t('pictures.more', {n: count - names.length})),
    removable && count > 0 && h('button', {
      type: 'button', class: 'quiet', id: `empty-${domain}`,
      onclick: () => {
        const words = t('remove.sure', {n: count, domain: letter});
        if (confirm(words)) drop(api('pictures', domain), letter);
      },
    }, t('remove.all', {domain: letter})),
  ]);
  async function drop(path, what) {
    if (await trying(() => remove(path))) say(t('remove.done', {name: what}));
    button.focus();
  }
  const input = h('input', {
    type: 'file', multiple: true, accept: 'image/*,.heic,.heif,.avif,.tif',
    class: 'hidden', id: `files-${domain}`, tabindex: -1,
    'aria-label': t('upload.choose', {domain: letter}),
    onchange: () => { send([...input.files]); input.value = ''; },
  });
  const button = h('button', {
    type: 'button', id: `choose-${domain}`, onclick: () => input.click(),
  }, t('upload.choose', {domain: letter}));
  const dropping = h('div', {class: 'row'}, button, input,
    h('span', {class: 'soft'}, t('upload.drop')));
  const node = h('div', {
    class: 'drop', role: 'group', 'aria-label': t(`domain.${letter}`),
    ondragover: (event) => { event.preventDefault(); node.classList.add('over'); },
    ondragleave: () => node.classList.remove('over'),
    ondrop: async (event) => {
      event.preventDefault();
      node.classList.remove('over');
      if (!dropping.hidden) send(await dropped(event.dataTransfer));
    },
  }, h('h3', {}, t(`domain.${letter}`)),
  h('p', {class: 'soft'}, t(`domain.${letter}.what`)), count, dropping, bar,
  refused, thumbs.node);

  async function send(files) {
    const left = [...files];
    let done = 0;
    bar.hidden = false;
    bar.max = left.length || 1;
    refused.replaceChildren();
    async function one() {
      for (let file = left.shift(); file; file = left.shift()) {
        try {
          await put(api('pictures', domain, file.name || 'picture'), file);
        } catch (error) {
          refused.append(h('li', {class: 'bad'}, error.message));
        }
        bar.value = ++done;
      }
    }
    await Promise.all(Array.from({length: AT_ONCE}, one));
    bar.hidden = true;
    say(t('upload.done', {n: done - refused.children.length, domain: letter}));
    node.dataset.sent = String(Number(node.dataset.sent || 0) + 1);
  }

  return {
    node,
    show(shown) {
      count.textContent = t('pictures.count', {n: shown.pictures[domain].count});
      dropping.hidden = Boolean(shown.folders);
      thumbs.show(shown.pictures[domain].names, shown.pictures[domain].count,
                  !shown.folders);
    },
  };
}

// The files of what was dropped, those of folders as well.
async function dropped(transfer) {
  const entries = [...transfer.items].map((i) => i.webkitGetAsEntry?.())
    .filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  async function walk(entry) {
    if (entry.isFile) {
      found.push(await new Promise((ok, no) => entry.file(ok, no)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((ok, no) => reader.readEntries(ok, no));
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  }
  for (const entry of entries) await walk(entry);
  return found.filter((file) => !file.name.startsWith('.'));
}

function auditPart(name, shown, counts, api) {
  const busy = shown && working(shown.job);
  const ready = counts.a > 0 && counts.b > 0;
  const button = h('button', {
    type: 'button', id: 'audit', class: shown && !shown.stale ? null : 'main',
    disabled: busy || !ready,
    onclick: async (event) => {
      event.target.disabled = true;
      await trying(() => post(api('audit')));
    },
  }, shown && shown.findings ? t('audit.again') : t('audit.begin'));
  return [
    h('p', {}, t(ready ? 'audit.what' : 'audit.needs')),
    h('div', {class: 'row'}, button,
      busy && h('span', {class: 'working'}, t('audit.runs'))),
    shown && shown.findings && [
      shown.stale && h('p', {}, t('audit.stale')),
      h('ul', {class: 'findings', id: 'findings'}, shown.findings.map((found) =>
        h('li', {class: found.level},
          h('strong', {}, t(`level.${found.level}`)),
          t(`finding.${found.code}`, found)))),
      h('details', {'data-key': 'sheet'}, h('summary', {}, t('audit.sheet')),
        h('img', {class: 'sheet', alt: t('audit.sheet'), loading: 'lazy',
                  src: url('files', name, 'data', shown.data,
                           'contact_sheet.png')})),
    ],
    shown && told(shown.job, 'audit'),
  ];
}

function probePart(shown, api) {
  if (!shown) return null;
  return [
    working(shown.job) && h('p', {class: 'working'}, t('probe.runs')),
    shown.main && h('p', {id: 'found-out'}, h('strong', {},
      t(`probe.${shown.main.replaceAll(' ', '_')}`))),
    told(shown.job, 'probe'),
  ];
}

function form(api, name) {
  let audited = false;
  let suggested = null;
  let probed = null;
  const kinds = ['object', 'whole', 'find'].map((value) => h('input', {
    type: 'radio', name: 'kind', value, id: `kind-${value}`,
    checked: value === 'object',
    onchange: async () => {
      suggested = value === 'find' ? 'wait' : null;
      update();
      if (value === 'find' && !(await trying(() => post(api('probe'))))) {
        suggested = null;
        kinds[0].checked = true;
        update();
      }
    },
  }));
  // What is being found out has to be waited for.
  const update = () => {
    begin.disabled = !audited || kind() === 'find';
  };
  const minutes = h('input', {type: 'number', id: 'minutes', value: 5,
                              min: 0.5, max: 10080, step: 0.5, required: true});
  const size = h('select', {id: 'size'}, [64, 128, 256].map((pixels) =>
    h('option', {value: pixels}, t('size.pixels', {n: pixels}))));
  const search = h('select', {id: 'weights'});
  // Only those who have searched some have a choice.
  const weights = h('label', {class: 'field'}, h('span', {}, t('weights')),
                    search);
  const begin = h('button', {class: 'main', id: 'train'}, t('train.begin'));
  const kind = () => kinds.find((k) => k.checked).value;
  const values = () => ({kind: kind(), minutes: Number(minutes.value),
                         size: Number(size.value)});
  const before = place((ready) => ready ? null
    : h('p', {class: 'soft'}, t('train.needs')));
  const node = h('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      begin.disabled = true;
      const made = await trying(() =>
        post(api('runs'), {...values(), search: search.value}));
      update();
      if (made) say(t('train.begun'));
    },
  },
  h('fieldset', {}, h('legend', {}, t('kind')), kinds.map((input) =>
    h('label', {class: 'choice'}, input, h('span', {}, t(`kind.${input.value}`),
      h('small', {}, t(`kind.${input.value}.what`)))))),
  h('div', {class: 'row'},
    h('label', {class: 'field'}, h('span', {}, t('minutes')), minutes),
    h('label', {class: 'field'}, h('span', {}, t('size')), size),
    weights),
  h('div', {class: 'row'}, begin));
  const searchButton = h('button', {
    type: 'button', id: 'search',
    onclick: async () => {
      if (await trying(() => post(api('searches'), values()))) {
        say(t('search.begun'));
      }
    },
  }, t('search.begin'));
  let first = true;
  return {
    node,
    before: before.node,
    search: h('div', {class: 'row'}, searchButton,
      h('span', {class: 'soft'}, t('search.uses'))),
    choose: (found) => { search.value = found; search.focus(); },
    show(shown) {
      if (first) {
        first = false;
        if (shown.choices.size) size.value = shown.choices.size;
        if (shown.choices.minutes) minutes.value = shown.choices.minutes;
        for (const k of kinds) {
          if (k.value === shown.choices.kind) k.checked = true;
        }
      }
      audited = Boolean(shown.audit && shown.audit.findings &&
                        !working(shown.audit.job));
      // Once it has been found out, the choice is the person's again.
      const earlier = probed;
      probed = shown.probe;
      const ended = probed && !working(probed.job) && (!earlier ||
        working(earlier.job) || earlier.job.number !== probed.job.number);
      if (suggested === 'wait' && ended) {
        suggested = null;
        const found = probed.kind || 'object';
        kinds.find((k) => k.value === found).checked = true;
      }
      before.show(audited);
      update();
      kinds[2].disabled = !audited;
      searchButton.disabled = !audited;
      const best = shown.searches.filter((s) => s.best).map((s) => s.name);
      weights.hidden = !best.length;
      if (search.options.length !== best.length + 1) {
        search.replaceChildren(h('option', {value: ''}, t('weights.usual')),
          ...best.map((n) => h('option', {value: n}, t('weights.of', {n}))));
      }
    },
  };
}

function runsPart(name, shown) {
  const to = (run) =>
    `#/p/${encodeURIComponent(name)}/r/${encodeURIComponent(run)}`;
  if (!shown.runs.length && !shown.starting.length) {
    return h('p', {class: 'soft'}, t('runs.none'));
  }
  return [
    shown.starting.map((job) => [
      h('p', {class: job.state === 'running' ? 'working' : null},
        t(job.state === 'running' ? 'state.starting' : 'state.failed')),
      told(job, `start${job.number}`),
    ]),
    h('ul', {class: 'list', id: 'runs'}, shown.runs.map((found) => h('li', {},
      h('a', {href: to(found.name)}, t('run', {n: found.name})),
      h('span', {class: found.state === 'training' ? 'soft working' : 'soft'},
        `${stateWords(found)}, ${t('steps', {n: found.step})}`)))),
    shown.runs.length > 1 && h('p', {}, h('a', {
      class: 'button', href: `#/p/${encodeURIComponent(name)}/compare`,
    }, t('compare.title'))),
  ];
}

function searchesPart(name, shown, api, choose) {
  return shown.map((found) => {
    const busy = working(found.job);
    const steer = (what) => h('button', {
      type: 'button', id: `${what}-${found.name}`,
      onclick: () => trying(() => post(api('searches', found.name, what))),
    }, t(what));
    return h('div', {},
      h('h3', {class: busy ? 'working' : null}, t('weights.of', {n: found.name})),
      h('div', {class: 'row'}, busy ? steer('pause')
        : found.job && found.job.state === 'stopped' && steer('continue'),
      found.best && h('button', {
        type: 'button', onclick: () => choose.choose(found.name),
      }, t('search.take')),
      found.report && h('a', {
        href: url('files', name, 'searches', found.name, 'report.html'),
        target: '_blank', rel: 'noopener',
      }, t('report'))),
      told(found.job, `search${found.name}`));
  });
}
