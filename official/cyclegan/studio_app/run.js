// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// A run: its pictures while it trains, curves, health, trying it, exporting it.

import {post, put, trying, url} from './api.js';
import {fail, h, place, say} from './dom.js';
import * as pictures from './pictures.js';
import {stateWords, told, working} from './project.js';
import {has, t} from './words.js';

const DIRECTIONS = ['AtoB', 'BtoA'];

function directionChoice(id, change) {
  const select = h('select', {id, onchange: () => change(select.value)},
    DIRECTIONS.map((d) => h('option', {value: d}, t(`direction.${d}`))));
  return [select, h('label', {class: 'field'}, h('span', {}, t('direction')),
    select)];
}

const minutesOf = (seconds) => (seconds / 60).toFixed(1);

export function run(projectName, name) {
  const api = (...parts) => url('api', 'projects', projectName, 'runs', name,
                                ...parts);
  const file = (...parts) => url('files', projectName, 'runs', name, ...parts);
  const state = place((shown) => statePart(shown, api));
  const live = livePart(file);
  const curves = place((shown) => curvesPart(shown));
  const health = place((events) => healthPart(events));
  const tries = place((shown) => triesPart(projectName, shown));
  const exported = place((shown, ready) =>
    exportPart(projectName, name, shown, ready, api, file));
  const about = place((job, report) => [
    report && h('p', {}, h('a', {href: file('report.html'), target: '_blank',
                                 rel: 'noopener'}, t('report'))),
    told(job, 'train'),
  ]);
  const tryForm = tryPart(api);
  return {
    nodes: [
      h('a', {class: 'back', href: `#/p/${encodeURIComponent(projectName)}`},
        t('back.project')),
      h('h1', {}, t('run', {n: name})),
      h('section', {}, state.node, about.node),
      h('section', {}, h('h2', {}, t('pictures')), live.node),
      h('section', {}, h('h2', {}, t('health')), health.node),
      h('section', {}, h('h2', {}, t('curves')), curves.node),
      h('section', {}, h('h2', {}, t('try')), tryForm.node, tries.node),
      h('section', {}, h('h2', {}, t('export')), exported.node),
    ],
    show(shown) {
      state.show({state: shown.state, message: shown.message, step: shown.step,
                  expected: shown.expected, used: shown.used,
                  total: shown.total, cut: shown.job && shown.job.cut_off});
      live.show(shown);
      curves.show(shown.curves);
      health.show(shown.events);
      tries.show(shown.tries);
      const ready = shown.saved;
      exported.show(shown.export, ready);
      about.show(shown.job, shown.report);
      tryForm.show(ready);
      if (document.body.dataset.run !== shown.state) say('');
      document.body.dataset.run = shown.state;
    },
    leave: tryForm.leave,
  };
}

function statePart(shown, api) {
  const busy = shown.state === 'training' || shown.state === 'starting';
  const steer = (what, kind) => h('button', {
    type: 'button', id: what, class: kind,
    onclick: async (event) => {
      event.target.disabled = true;
      if (await trying(() => post(api(what)))) say(t(`${what}.done`));
      else event.target.disabled = false;
    },
  }, t(what));
  return [
    h('p', {id: 'state', class: busy ? 'working' : null},
      h('strong', {}, stateWords(shown))),
    shown.cut && shown.state === 'paused' && h('p', {}, t('state.cut')),
    h('p', {id: 'course'}, shown.total
      ? t('run.time', {step: shown.step, used: minutesOf(shown.used || 0),
                       total: minutesOf(shown.total)})
      : t('steps', {n: shown.step})),
    shown.total && h('progress', {
      class: 'bar', max: shown.total, value: Math.min(shown.used || 0,
                                                      shown.total),
      'aria-label': t('run.progress')}),
    h('div', {class: 'row'}, busy && steer('pause'),
      shown.state === 'paused' && steer('continue', 'main'),
      shown.state === 'failed' && steer('continue')),
  ];
}

function livePart(file) {
  let shown = null;
  let follows = true;
  let drawn = '';
  const frames = h('div', {class: 'samples', id: 'samples'});
  const steps = h('input', {
    type: 'range', min: 0, max: 0, value: 0, id: 'scrub',
    oninput: () => {
      follows = Number(steps.value) === Number(steps.max);
      draw();
    },
  });
  const at = h('span', {id: 'sample-step'});
  const scrub = h('label', {class: 'slider'}, h('span', {}, t('scrub')), steps,
                  at);
  const [direction, choice] = directionChoice('live-direction', () => draw());
  const none = h('p', {class: 'soft'}, t('samples.none'));
  const slider = pictures.split(frames, t('before'), t('after'));
  const all = h('div', {}, h('div', {class: 'row'}, choice), frames, slider,
                scrub);
  async function draw() {
    if (!shown || !shown.samples.length) return;
    const step = shown.samples[Number(steps.value)];
    const key = `${step} ${direction.value}`;
    if (key === drawn) return;
    drawn = key;
    at.textContent = t('steps', {n: step});
    steps.setAttribute('aria-valuetext', t('steps', {n: step}));
    try {
      const found = await pictures.samples(
        file('samples', `${step}.png`), direction.value, shown.counts);
      if (drawn === key) {
        frames.replaceChildren(...found);
        frames.dataset.step = step;
      }
    } catch {
      drawn = '';  // not there yet: the next look finds it
    }
  }
  return {
    node: h('div', {}, none, all),
    show(values) {
      shown = values;
      const count = values.samples.length;
      none.hidden = count > 0;
      all.hidden = !count;
      steps.max = Math.max(0, count - 1);
      if (follows) steps.value = steps.max;
      draw();
    },
  };
}

// Curves in groups of what has the same scale.
function curvesPart(shown) {
  const groups = new Map();
  for (const [name, points] of Object.entries(shown)) {
    const group = name.includes('/') ? name.split('/')[0] : t('losses');
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push({name: name.split('/').at(-1), points});
  }
  if (!groups.size) return h('p', {class: 'soft'}, t('curves.none'));
  const [first, more] = [[], []];
  for (const [group, lines] of groups) {
    const shows = group === t('losses') || group === 'validation';
    for (let i = 0; i < lines.length; i += 4) {
      (shows ? first : more).push(pictures.curve(
        group.replaceAll('_', ' '), lines.slice(i, i + 4)));
    }
  }
  if (!first.some(Boolean)) return h('p', {class: 'soft'}, t('curves.none'));
  return [
    h('div', {class: 'curves'}, first),
    h('details', {'data-key': 'curves'}, h('summary', {}, t('curves.more')),
      h('div', {class: 'curves'}, more)),
  ];
}

function healthPart(events) {
  if (!events.length) return h('p', {}, t('health.fine'));
  return h('ul', {class: 'findings'}, events.map((event) => {
    const key = `health.${event.rule}`;
    const words = has(key) && t(key, {direction: concerned(event.subject)});
    return h('li', {class: 'mind'},
      h('strong', {}, t('steps', {n: event.step})), words || event.message,
      words && h('details', {'data-key': `${key} ${event.subject}`},
        h('summary', {}, t('health.technical')),
        h('p', {lang: 'en'}, event.message)));
  }));
}

// Which direction a network is of: g_AB makes pictures of B, d_B judges them.
function concerned(subject) {
  const to = subject.at(-1);
  return t(to === 'A' ? 'direction.BtoA' : 'direction.AtoB');
}

function tryPart(api) {
  const [direction, choice] = directionChoice('try-direction', () => {});
  const input = h('input', {
    type: 'file', accept: 'image/*,video/*,.heic,.heif', class: 'hidden',
    id: 'try-file', tabindex: -1, 'aria-label': t('try.choose'),
    onchange: () => { if (input.files[0]) send(input.files[0]); },
  });
  const place = h('div', {});
  const choose = h('button', {type: 'button', class: 'main', id: 'try',
                              onclick: () => input.click()}, t('try.choose'));
  const camera = h('button', {
    type: 'button', id: 'camera',
    onclick: async () => {
      try {
        await pictures.camera(place, send);
      } catch {
        fail(t('camera.none'));
      }
    },
  }, t('camera'));
  const wait = h('p', {class: 'soft'}, t('try.wait'));
  async function send(file) {
    input.value = '';
    say(t('try.sending'));
    const begun = await trying(() =>
      put(api('tries', direction.value, file.name || 'picture'), file));
    say(begun ? t('try.begun') : '');
  }
  return {
    node: h('div', {}, h('p', {}, t('try.what')), wait,
      h('div', {class: 'row'}, choice, choose, input, camera), place),
    show(ready) {
      choose.disabled = camera.disabled = !ready;
      wait.hidden = ready;
    },
    leave() {
      place.querySelectorAll('video').forEach((video) =>
        video.srcObject?.getTracks().forEach((track) => track.stop()));
    },
  };
}

function triesPart(projectName, shown) {
  return h('div', {id: 'tries'}, shown.map((found) => {
    const at = (file) => url('files', projectName, 'tries', found.name, file);
    let result = null;
    if (found.made && found.video) {
      result = h('video', {controls: true, src: at(found.made),
                           'aria-label': t('try.result')});
    } else if (found.made) {
      const image = (file, alt) => h('img', {src: at(file), alt});
      const shows = /\.(heic|tif)$/.test(found.given || '') ? null : found.given;
      const frame = shows
        ? pictures.pair(image(shows, t('before')),
                        image(found.made, t('after')), true)
        : h('div', {class: 'frame large'}, image(found.made, t('after')));
      const box = h('div', {class: 'made'}, frame);
      if (shows) box.append(pictures.split(box, t('before'), t('after')));
      result = box;
    }
    return h('div', {class: 'try'},
      h('h3', {class: working(found.job) ? 'working' : null},
        t(working(found.job) ? 'try.runs' : 'try.result')),
      result,
      found.made && h('p', {}, h('a', {href: at(found.made),
        download: found.made}, t('download'))),
      told(found.job, `try${found.name}`));
  }));
}

function exportPart(projectName, name, shown, ready, api, file) {
  const busy = working(shown.job);
  const size = (bytes) => t('size.mb', {n: (bytes / 1e6).toFixed(2)});
  return [
    h('p', {}, t('export.what')),
    !ready && h('p', {class: 'soft'}, t('export.wait')),
    h('div', {class: 'row'}, h('button', {
      type: 'button', id: 'export', class: shown.files.length ? null : 'main',
      disabled: busy || !ready,
      onclick: async (event) => {
        event.target.disabled = true;
        await trying(() => post(api('export')));
      },
    }, t('export.begin')), busy && h('span', {class: 'working'},
                                     t('export.runs'))),
    shown.app && h('p', {}, h('a', {
      class: 'button main', id: 'open-app', target: '_blank', rel: 'noopener',
      href: `${url('app', projectName, name)}/`,
    }, t('export.app'))),
    shown.outdated && h('p', {class: 'soft', id: 'outdated'},
                        t('export.outdated')),
    shown.files.length > 0 && h('ul', {class: 'list', id: 'exported'},
      shown.files.map((found) => h('li', {},
        h('a', {href: file('export', found.name), download: found.name},
          found.name),
        h('span', {class: 'soft'}, size(found.bytes))))),
    shown.files.length > 0 && !shown.app && !busy &&
      h('p', {class: 'soft'}, t('export.no_app')),
    told(shown.job, 'export'),
  ];
}

// Two runs side by side, on the same test pictures.
export function compare(shown) {
  const runs = shown.runs.filter((found) => found.last_sample !== null);
  const nodes = [
    h('a', {class: 'back', href: `#/p/${encodeURIComponent(shown.name)}`},
      t('back.project')),
    h('h1', {}, t('compare.title')),
  ];
  if (runs.length < 2) return [...nodes, h('p', {}, t('compare.needs'))];
  const frames = h('div', {class: 'samples', id: 'compared'});
  const chooser = (id, chosen, words) => {
    const select = h('select', {id, onchange: draw}, runs.map((found, i) =>
      h('option', {value: i, selected: i === chosen},
        t('run', {n: found.name}))));
    return [select, h('label', {class: 'field'}, h('span', {}, words), select)];
  };
  const [direction, choice] = directionChoice('compare-direction', draw);
  const [left, leftLabel] = chooser('left', 1, t('compare.first'));
  const [right, rightLabel] = chooser('right', 0, t('compare.second'));
  async function draw() {
    const [first, second] = [left, right].map((s) => runs[Number(s.value)]);
    const at = (found) => url('files', shown.name, 'runs', found.name,
                              'samples', `${found.last_sample}.png`);
    try {
      frames.replaceChildren(...await pictures.compared(
        at(first), at(second), direction.value, first.counts));
    } catch {
      fail(t('error.unexpected'));
    }
  }
  draw();
  return [...nodes,
    h('section', {}, h('div', {class: 'row'}, leftLabel, rightLabel, choice),
      frames, pictures.split(frames, t('compare.first'), t('compare.second')))];
}
