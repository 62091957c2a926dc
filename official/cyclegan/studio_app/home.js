// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// The list of projects, and the form that begins one.

import {get, post, trying} from './api.js';
import {h} from './dom.js';
import {t} from './words.js';

export function home(shown) {
  const list = shown.projects.length
    ? h('ul', {class: 'list', id: 'projects'}, shown.projects.map((found) =>
      h('li', {},
        h('a', {href: `#/p/${encodeURIComponent(found.name)}`}, found.title),
        h('span', {class: 'soft'},
          found.name === shown.busy ? t('state.training')
                                    : t('home.runs', {n: found.runs})))))
    : h('p', {class: 'soft'}, t('home.none'));
  return [
    h('h1', {}, t('home.title')),
    h('p', {}, t('home.what')),
    h('section', {}, h('h2', {}, t('home.new')), form(shown.root)),
    h('section', {}, h('h2', {}, t('home.projects')), list,
      h('p', {class: 'soft'}, t('home.root', {root: shown.root}))),
  ];
}

function form(root) {
  const title = h('input', {type: 'text', id: 'title', maxlength: 60,
                            required: true, autocomplete: 'off'});
  const pickers = ['A', 'B'].map(picker);
  const chosen = h('div', {class: 'pair'}, pickers.map((p) => p.node));
  chosen.hidden = true;
  const radio = (value, checked) => h('input', {
    type: 'radio', name: 'source', value, checked, id: `source-${value}`,
    onchange: () => {
      chosen.hidden = value !== 'choose';
      if (!chosen.hidden) pickers.forEach((p) => p.open(''));
    },
  });
  const choice = (value, checked) => h('label', {class: 'choice'},
    radio(value, checked),
    h('span', {}, t(`source.${value}`), h('small', {}, t(`source.${value}.what`, {root}))));
  return h('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      const folders = chosen.hidden ? null : pickers.map((p) => p.value());
      const made = await trying(() =>
        post('/api/projects', {title: title.value, folders}));
      if (made) location.hash = `#/p/${encodeURIComponent(made.name)}`;
    },
  },
  h('label', {class: 'field'}, h('span', {}, t('home.name')), title),
  h('fieldset', {}, h('legend', {}, t('source')),
    choice('drop', true), choice('choose', false)),
  chosen,
  h('button', {class: 'main', id: 'create'}, t('home.create')));
}

// Walks through the folders below the root.
function picker(domain) {
  let here = '';
  const where = h('p', {'aria-live': 'polite'});
  const list = h('ul', {class: 'folders'});
  async function open(below) {
    const found = await trying(() =>
      get(`/api/folders?below=${encodeURIComponent(below)}`));
    if (!found) return;
    here = below;
    where.textContent = t('folder.here', {
      path: below || t('folder.root'), n: found.pictures});
    const up = below.split('/').slice(0, -1).join('/');
    list.replaceChildren(
      ...(below ? [entry(t('folder.up'), up)] : []),
      ...found.folders.map((name) =>
        entry(name, below ? `${below}/${name}` : name)));
  }
  const entry = (text, below) => h('li', {},
    h('button', {type: 'button', onclick: () => open(below)}, text));
  return {
    node: h('fieldset', {}, h('legend', {}, t(`domain.${domain}`)), where, list),
    open,
    value: () => here,
  };
}
