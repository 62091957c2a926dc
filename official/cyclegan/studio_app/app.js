// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// The studio's pages. What they show is asked of the server, which reads it
// from the project's folder: this page may be closed and opened at any time.

import {get, trying, url, watch} from './api.js';
import {fail, h, say} from './dom.js';
import {home} from './home.js';
import {project} from './project.js';
import {compare, run} from './run.js';
import {language, load, t} from './words.js';

let leave = null;

// What the address after # means.
function route() {
  const parts = location.hash.replace(/^#\/?/, '').split('/')
    .filter(Boolean).map(decodeURIComponent);
  if (parts[0] === 'p' && parts.length === 2) return ['project', parts[1]];
  if (parts[0] === 'p' && parts[2] === 'r' && parts.length === 4) {
    return ['run', parts[1], parts[3]];
  }
  if (parts[0] === 'p' && parts[2] === 'compare') return ['compare', parts[1]];
  return ['home'];
}

async function show() {
  if (leave) leave();
  leave = null;
  fail('');
  say('');
  const [name, ...given] = route();
  const main = document.getElementById('main');
  main.replaceChildren(h('p', {class: 'soft'}, t('loading')));
  const title = await trying(async () => {
    if (name === 'home') {
      main.replaceChildren(...home(await get('/api/projects')));
      return t('home.title');
    }
    const path = url('api', 'projects', given[0]);
    if (name === 'compare') {
      main.replaceChildren(...compare(await get(path)));
      return t('compare.title');
    }
    const place = name === 'run' ? url('api', 'projects', given[0], 'runs',
                                       given[1]) : path;
    const first = await get(place);
    const page = name === 'run' ? run(given[0], given[1]) : project(given[0]);
    main.replaceChildren(...page.nodes);
    page.show(first);
    const stop = watch(`${place}/events`, page.show);
    leave = () => { stop(); if (page.leave) page.leave(); };
    return first.title || first.name;
  });
  document.title = title ? `${title} - CycleGAN Studio` : 'CycleGAN Studio';
  document.body.dataset.page = name;
  main.focus({preventScroll: true});
  scrollTo(0, 0);
}

async function begin() {
  // The link's secret is in a cookie now, and nobody need see it.
  if (location.search) history.replaceState(null, '', `/${location.hash}`);
  await load();
  document.getElementById('skip').textContent = t('skip');
  document.getElementById('skip').onclick = (event) => {
    event.preventDefault();
    document.getElementById('main').focus();
  };
  document.getElementById('language-label').textContent = t('language');
  const choice = document.getElementById('language');
  choice.value = language();
  choice.onchange = async () => {
    localStorage.setItem('language', choice.value);
    await load();
    location.reload();
  };
  window.onhashchange = show;
  // A picture that misses its place must not replace the page.
  for (const kind of ['dragover', 'drop']) {
    window.addEventListener(kind, (event) => event.preventDefault());
  }
  await show();
  document.body.dataset.ready = 'yes';
}

begin();
