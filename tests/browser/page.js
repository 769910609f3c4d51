// The script of every page that the recording server serves. The server decides what happens: go() asks it for the next
// page, record() for the next case. Cases run one at a time, because WebKit's console lines do not name their request.

const base = new URL(document.currentScript.src).origin;
const call = (path, body) =>
  fetch(base + '/recorder/' + path, {method: 'POST', body, credentials: 'omit', cache: 'no-store'});

async function go() {
  const url = await (await call('go')).text();
  if (url) location.href = url;
}

async function record(kind) {
  await new Promise(loaded => addEventListener('load', loaded));
  // A new Firefox profile ignores its preflight cache for the first preflights from a site.
  for (let i = 0; i < 12; i++)
    await fetch((kind.includes('https') ? 'https' : 'http') + '://api.example/recorder/warm', {method: 'PUT', credentials: 'omit'});
  for (let said = ''; ;) {
    const test = await (await call('next?kind=' + kind, said)).json();
    // The answer to call() has passed through the network process, so the case's console lines are out by now.
    console.log('@case ' + (test ? test.id : '-'));
    if (!test) return;
    const steps = [];
    for (const [number, step] of (test.sequence || [test.request]).entries()) {
      await new Promise(over => setTimeout(over, step.delay_ms || 0));
      if (test.sequence) await call('step?id=' + test.id + '&number=' + number);
      steps.push(await (step.xhr ? runXhr : runFetch)(step.url || test.url, step));
    }
    said = JSON.stringify({id: test.id, steps});
  }
}

async function runFetch(url, {method, headers, credentials, redirect, mode, cache, body}) {
  let request;
  try {
    request = new Request(url, {
      method, headers, credentials, redirect, mode: mode || 'cors', cache: cache || 'default',
      body: body ?? undefined, signal: AbortSignal.timeout(15000),
    });
  } catch (error) {
    return {outcome: 'throws', error: String(error)};
  }
  const seen = {effective_headers: [...request.headers.keys()]};
  try {
    const response = await fetch(request);
    Object.assign(seen, {
      outcome: 'allowed', response_type: response.type, status: response.status, redirected: response.redirected,
      final_url: response.url, readable_headers: [...response.headers.keys()],
    });
    try {
      seen.body_length = (await response.text()).length;
    } catch (error) {
      seen.body_error = String(error);
    }
  } catch (error) {
    seen.outcome = {TypeError: 'blocked', TimeoutError: 'timeout'}[error.name] || 'other';
    seen.error = String(error);
  }
  return seen;
}

function runXhr(url, {method, headers, credentials, body, xhr}) {
  return new Promise(resolve => {
    const request = new XMLHttpRequest(), {upload} = request, events = new Set();
    const note = event => events.add(event.type);
    const listeners = {
      none() {},
      progress() { upload.addEventListener('progress', note); },
      loadstart() { upload.addEventListener('loadstart', note); },
      loadend() { upload.addEventListener('loadend', note); },
      other() { upload.addEventListener('nothing', note); },
      property() { upload.onprogress = note; },
      null() { upload.onprogress = null; },
      removed() { this.progress(); upload.removeEventListener('progress', note); },
      unset() { this.property(); this.null(); },
      down() { request.addEventListener('progress', note); },
    };
    const listen = when => { if (xhr.at === when) listeners[xhr.listen](); };
    const end = (outcome, rest) => resolve({outcome, upload_events: [...events], ...rest});
    // A turn of the event loop later, so that events that follow are noted.
    request.onload = () => setTimeout(() => end('allowed', {
      status: request.status, final_url: request.responseURL, body_length: request.responseText.length,
      readable_headers: request.getAllResponseHeaders().split('\r\n').filter(Boolean).map(line => line.split(':')[0].toLowerCase()),
    }));
    request.onerror = () => setTimeout(() => end('blocked', {error: 'error event'}));
    request.ontimeout = () => end('timeout');
    try {
      listen('open');
      request.open(method, url);
      request.timeout = 15000;
      request.responseType = 'text';  // by default Firefox tries to parse XML, and logs an error
      request.withCredentials = credentials === 'include';
      for (const [name, value] of headers) request.setRequestHeader(name, value);
      listen('send');
      request.send(body);
      listen('after');
    } catch (error) {
      end('throws', {error: String(error)});
    }
  });
}
