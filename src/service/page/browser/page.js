/**
 * What the status page can do beyond showing: a card with the details of a bar, keys that move between bars, a filter, a refresh that keeps
 * the reader's place, a choice of the theme. The page says everything without it. Text of the page is only ever moved as text.
 */
'use strict';

{
  const refreshMs = 30_000;
  /** When the page says that a newer reading is under way. */
  const soonMs = 1_500;
  /** How long a card outlives the pointer on its bar: enough to get to the card. */
  const graceMs = 300;
  /** Of a timeline, in pixels: lanes of their own begin below. */
  const laneTop = 92;

  /**
   * @template {Element} T
   * @param {string} id
   * @param {new () => T} kind
   * @returns {T}
   */
  const element = (id, kind) => {
    const found = document.getElementById(id);
    if (!(found instanceof kind)) throw new TypeError(`The page has no ${kind.name} #${id}.`);
    return found;
  };

  /** Where storage is forbidden a choice lasts as long as the page. */
  const memory = {
    /** @param {string} key */
    read(key) {
      try {
        return localStorage.getItem(`partitiond:${key}`);
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {string} value */
    write(key, value) {
      try {
        localStorage.setItem(`partitiond:${key}`, value);
      } catch {
        // Nothing depends on it.
      }
    },
  };

  /** Before the first paint: this script stands in the head. */
  const applyTheme = () => {
    const theme = memory.read('theme');
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset['theme'] = theme;
  };

  const isDark = () => {
    const { theme } = document.documentElement.dataset;
    return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  };

  const startTheme = () => {
    const button = element('theme', HTMLButtonElement);
    const label = () => {
      button.textContent = isDark() ? 'Light theme' : 'Dark theme';
    };
    button.addEventListener('click', () => {
      const theme = isDark() ? 'light' : 'dark';
      document.documentElement.dataset['theme'] = theme;
      memory.write('theme', theme);
      label();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', label);
    label();
  };

  // ---- Bars

  const card = document.createElement('div');
  card.id = 'card';
  card.hidden = true;
  // A bar has the same text as its label.
  card.setAttribute('aria-hidden', 'true');

  /** While the pointer is on its way from a bar to the card. @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;

  const hideCard = () => {
    keepCard();
    card.hidden = true;
    for (const bar of document.querySelectorAll('.bar.chosen')) bar.classList.remove('chosen');
  };

  const keepCard = () => {
    clearTimeout(hiding);
    hiding = undefined;
  };

  const hideCardSoon = () => {
    hiding ??= setTimeout(hideCard, graceMs);
  };

  /** @param {Element} bar */
  const showCard = (bar) => {
    keepCard();
    const timeline = bar.closest('.timeline');
    if (timeline === null || (!card.hidden && bar.classList.contains('chosen'))) return;
    hideCard();
    prepareBars(timeline);
    const lines = (bar.getAttribute('aria-label') ?? '').split('\n');
    card.replaceChildren(
      ...lines.map((line) => {
        const paragraph = document.createElement('p');
        paragraph.textContent = line;
        paragraph.dir = 'auto';
        return paragraph;
      }),
    );
    bar.classList.add('chosen');
    card.hidden = false;
    placeCard(bar.getBoundingClientRect(), timeline.getBoundingClientRect());
  };

  /** At the edge of the timeline, so that it lies on no bar and a pointer can reach it. @param {DOMRect} bar @param {DOMRect} timeline */
  const placeCard = (bar, timeline) => {
    const { offsetWidth, offsetHeight } = card;
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.max(4, Math.min(bar.left + bar.width / 2 - offsetWidth / 2, clientWidth - offsetWidth - 4));
    const hasRoomAbove = timeline.top > offsetHeight;
    const hasRoomBelow = timeline.bottom + offsetHeight < clientHeight;
    const isAbove = bar.top - timeline.top < laneTop ? hasRoomAbove || !hasRoomBelow : hasRoomAbove && !hasRoomBelow;
    card.style.left = `${left + scrollX}px`;
    card.style.top = `${scrollY + (isAbove ? timeline.top - offsetHeight : timeline.bottom)}px`;
  };

  /** @param {Element} timeline @returns {Element[]} */
  const barsOf = (timeline) => [...timeline.querySelectorAll('.bar')];

  /** One stop for the tab key in each timeline, which the arrow keys move. @param {Element} timeline @param {Element | undefined} stop */
  const setStop = (timeline, stop) => {
    for (const bar of barsOf(timeline)) bar.setAttribute('tabindex', bar === stop ? '0' : '-1');
  };

  /** Thousands of bars would hold up the first paint: a timeline is prepared when somebody comes to it. */
  const awaitReaders = () => {
    for (const timeline of document.querySelectorAll('.timeline')) {
      timeline.setAttribute('role', 'group');
      (timeline.querySelector('.bar.current') ?? timeline.querySelector('.bar'))?.setAttribute('tabindex', '0');
    }
  };

  /** Titles become labels: the browser would show them beside the card. @param {Element} timeline */
  const prepareBars = (timeline) => {
    const bars = barsOf(timeline);
    if (bars[0]?.hasAttribute('aria-label') ?? true) return;
    for (const bar of bars) {
      const title = bar.querySelector('title');
      bar.setAttribute('role', 'img');
      bar.setAttribute('aria-label', title?.textContent ?? '');
      title?.remove();
    }
    setStop(
      timeline,
      bars.find((bar) => bar.getAttribute('tabindex') === '0'),
    );
  };

  /** @param {Element} bar @param {number} x */
  const distance = (bar, x) => {
    const { left, right } = bar.getBoundingClientRect();
    return Math.abs((left + right) / 2 - x);
  };

  /** A bar may be too thin or too low to be hit: in its lane, the one above or below the pointer is meant. @param {PointerEvent} event */
  const barAt = ({ target, clientX, clientY }) => {
    if (!(target instanceof Element)) return null;
    const timeline = target.closest('.timeline');
    if (timeline === null) return null;
    prepareBars(timeline);
    if (target.matches('.bar')) return target;
    const { top } = timeline.getBoundingClientRect();
    const isUpper = clientY - top < laneTop;
    const hit = barsOf(timeline).filter((bar) => {
      const place = bar.getBoundingClientRect();
      const isInLane = isUpper ? place.bottom - top < laneTop : clientY >= place.top - 4 && clientY <= place.bottom + 4;
      return isInLane && clientX >= place.left - 0.5 && clientX <= place.right + 0.5;
    });
    // Of several the one whose middle is nearest: beside a narrow bar, a wide one has room enough to be hit.
    return hit.toSorted((a, b) => distance(a, clientX) - distance(b, clientX))[0] ?? null;
  };

  /** @param {string} key @param {number} index @param {number} count */
  const moved = (key, index, count) => {
    switch (key) {
      case 'ArrowRight':
      case 'ArrowDown':
        return Math.min(index + 1, count - 1);
      case 'ArrowLeft':
      case 'ArrowUp':
        return Math.max(index - 1, 0);
      case 'Home':
        return 0;
      case 'End':
        return count - 1;
      default:
        return null;
    }
  };

  /** @param {KeyboardEvent} event */
  const moveBetweenBars = (event) => {
    if (event.key === 'Escape') hideCard();
    const bar = event.target;
    if (!(bar instanceof SVGElement) || !bar.matches('.timeline .bar') || event.altKey || event.ctrlKey || event.metaKey) return;
    const timeline = bar.closest('.timeline');
    if (timeline === null) return;
    const bars = barsOf(timeline);
    const next = moved(event.key, bars.indexOf(bar), bars.length);
    const chosen = next === null ? undefined : bars[next];
    if (!(chosen instanceof SVGElement)) return;
    event.preventDefault();
    setStop(timeline, chosen);
    chosen.focus();
  };

  const startBars = () => {
    document.body.append(card);
    awaitReaders();
    document.addEventListener('pointermove', (event) => {
      if (event.target instanceof Node && card.contains(event.target)) return keepCard();
      const bar = barAt(event);
      if (bar !== null) showCard(bar);
      else if (!document.activeElement?.matches('.bar')) hideCardSoon();
    });
    document.addEventListener('focusin', ({ target }) => {
      if (target instanceof Element && target.matches('.timeline .bar')) showCard(target);
      else hideCard();
    });
    document.addEventListener('keydown', moveBetweenBars);
  };

  // ---- Filter

  /** Details that the filter has opened, and that it closes again. */
  const opened = 'filterOpened';

  /** @param {HTMLElement} section @param {(text: string) => boolean} isWanted */
  const filterSection = (section, isWanted) => {
    const isWhole = isWanted(section.querySelector('h3')?.textContent ?? '');
    let matches = 0;
    for (const row of section.querySelectorAll('tr[data-row]')) {
      const isShown = isWhole || isWanted(row.textContent ?? '');
      row.toggleAttribute('hidden', !isShown);
      if (isShown) matches += 1;
      if (isShown && !isWhole) openAround(row);
    }
    return isWhole || matches > 0;
  };

  /** @param {Element} row */
  const openAround = (row) => {
    const details = row.closest('details');
    if (details === null || details.open) return;
    details.open = true;
    details.dataset[opened] = '';
  };

  const closeOpened = () => {
    for (const details of document.querySelectorAll('details[data-filter-opened]')) {
      details.removeAttribute('open');
      details.removeAttribute('data-filter-opened');
    }
  };

  /** @param {string} selector @returns {HTMLElement[]} */
  const elements = (selector) => [...document.querySelectorAll(selector)].filter((one) => one instanceof HTMLElement);

  /** @param {HTMLElement} row @param {(one: HTMLElement) => boolean} isItselfWanted */
  const filterLine = (row, isItselfWanted) => {
    const id = row.querySelector('th a')?.getAttribute('href')?.slice(1);
    const section = id === undefined ? null : document.getElementById(id);
    row.hidden = section === null ? !isItselfWanted(row) : section.hidden;
  };

  const readWishes = () => {
    const words = element('filter', HTMLInputElement).value.toLowerCase().split(/\s+/).filter(Boolean);
    const onlyProblems = element('problems-only', HTMLInputElement).checked;
    return {
      hasWords: words.length > 0,
      isFiltering: words.length > 0 || onlyProblems,
      /** @param {string | null | undefined} text */
      isWanted: (text) => words.every((word) => (text ?? '').toLowerCase().includes(word)),
      /** @param {HTMLElement} one */
      hasProblem: (one) => !onlyProblems || one.dataset['problems'] !== '0',
    };
  };

  const applyFilter = () => {
    const { isFiltering, isWanted, hasProblem, hasWords } = readWishes();
    const isFiltered = document.querySelector('#content [data-row][hidden], #content section[hidden], [data-filter-opened]') !== null;
    const sections = elements('section.table');
    if (isFiltering || isFiltered) {
      closeOpened();
      for (const section of sections) section.hidden = !filterSection(section, isWanted) || !hasProblem(section);
      for (const row of elements('.overview tr[data-row]')) filterLine(row, (one) => hasProblem(one) && isWanted(one.textContent));
      for (const database of elements('section.database')) {
        const hasTable = database.querySelector('section.table:not([hidden])') !== null;
        database.hidden = !hasTable && !(hasProblem(database) && isWanted(database.querySelector(':scope > header')?.textContent));
      }
    }
    const shown = sections.filter((section) => !section.hidden).length;
    const unseen = hasWords ? unseenIn(sections.filter((section) => section.hidden && hasProblem(section))) : '';
    say('message', isFiltering ? `${shown} of ${sections.length} tables${unseen}` : '');
  };

  /** What is not on the page cannot be found by the filter. @param {HTMLElement[]} sections */
  const unseenIn = (sections) => {
    const counts = sections.map((section) => Number(section.querySelector('details[data-hidden]')?.getAttribute('data-hidden') ?? 0));
    const unseen = counts.reduce((sum, count) => sum + count, 0);
    if (unseen === 0) return '';
    return `; ${unseen.toLocaleString('en-US')} partitions of the others are not on this page`;
  };

  const startFilter = () => {
    const tools = element('tools', HTMLFormElement);
    const filter = element('filter', HTMLInputElement);
    tools.hidden = false;
    tools.addEventListener('submit', (event) => event.preventDefault());
    filter.addEventListener('input', applyFilter);
    element('problems-only', HTMLInputElement).addEventListener('change', applyFilter);
    document.addEventListener('keydown', (event) => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      filter.focus();
    });
    // A browser may bring back what was typed before a reload.
    applyFilter();
  };

  /** The same text again would be read aloud again. @param {'message' | 'failure'} id @param {string} text */
  const say = (id, text) => {
    const place = element(id, HTMLElement);
    if (place.textContent !== text) place.textContent = text;
  };

  // ---- Refresh

  /** What has the focus, in words that outlive it: an id, or the place of a bar in its timeline. */
  const focusNow = () => {
    const focused = document.activeElement;
    if (focused === null || !element('content', HTMLElement).contains(focused)) return null;
    const timeline = focused.closest('.timeline');
    if (timeline !== null) return { id: timeline.id, label: focused.getAttribute('aria-label'), href: null };
    const summary = focused.closest('summary');
    if (summary !== null) return { id: summary.parentElement?.id ?? '', label: null, href: null };
    const section = focused.closest('[id]');
    return { id: section?.id ?? '', label: null, href: focused.getAttribute('href') };
  };

  /** @param {ReturnType<typeof focusNow>} focus */
  const restoreFocus = (focus) => {
    if (focus === null) return;
    const holder = document.getElementById(focus.id);
    if (holder === null) return;
    if (focus.label !== null) prepareBars(holder);
    const [first] = (focus.label ?? '').split('\n');
    const bar = barsOf(holder).find((one) => (one.getAttribute('aria-label') ?? '').split('\n')[0] === first);
    const link = [...holder.querySelectorAll('a')].find((one) => one.getAttribute('href') === focus.href);
    const target = focus.label !== null ? bar : focus.href !== null ? link : (holder.querySelector('summary') ?? holder);
    if (!(target instanceof HTMLElement || target instanceof SVGElement)) return;
    if (focus.label !== null) setStop(holder, target);
    target.focus({ preventScroll: true });
  };

  /** The section at the top of the window, and how far from it: heights of sections that were never seen are only estimated. */
  const placeNow = () => {
    const section = elements('section.table, section.database > header').find((one) => one.getBoundingClientRect().bottom > 0);
    const id = section === undefined || scrollY === 0 ? '' : section.id || (section.parentElement?.id ?? '');
    return { x: scrollX, y: scrollY, id, top: document.getElementById(id)?.getBoundingClientRect().top ?? 0 };
  };

  /** @param {ReturnType<typeof placeNow>} place */
  const restorePlace = ({ x, y, id, top }) => {
    scrollTo({ left: x, top: y, behavior: 'instant' });
    const topNow = document.getElementById(id)?.getBoundingClientRect().top;
    if (topNow !== undefined) scrollBy({ top: topNow - top, behavior: 'instant' });
  };

  /** @param {Document} fresh */
  const replaceContent = (fresh) => {
    const content = element('content', HTMLElement);
    const next = fresh.getElementById('content');
    if (next === null) throw new Error('the answer is no status page');
    const open = [...content.querySelectorAll('details[open]:not([data-filter-opened])')].map(({ id }) => id);
    const focus = focusNow();
    const place = placeNow();
    hideCard();
    content.replaceChildren(...[...next.childNodes].map((node) => document.adoptNode(node)));
    document.title = fresh.title;
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    awaitReaders();
    applyFilter();
    restoreFocus(focus);
    restorePlace(place);
  };

  const refresh = async () => {
    const answer = await fetch('./', { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error(`the daemon answered ${answer.status}`);
    replaceContent(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    say('failure', '');
  };

  /** Nobody reads a hidden page, and nobody wants a text replaced that is being selected. */
  const isWelcome = () =>
    element('auto-refresh', HTMLInputElement).checked && !document.hidden && (document.getSelection()?.isCollapsed ?? true);

  const startRefresh = () => {
    const box = element('auto-refresh', HTMLInputElement);
    box.checked = memory.read('refresh') !== 'off';
    box.addEventListener('change', () => memory.write('refresh', box.checked ? 'on' : 'off'));
    let isLate = false;
    let isAtWork = false;
    const attempt = () => {
      isLate = !isWelcome();
      if (isLate || isAtWork) return;
      isAtWork = true;
      refresh()
        .then(comeBackSoon)
        .catch((error) => {
          const reason = error instanceof Error ? error.message : String(error);
          say('failure', `Not refreshed: ${reason}. What stands here is older.`);
        })
        .finally(() => {
          isAtWork = false;
        });
    };
    const comeBackSoon = () => {
      if (document.getElementById('renewing') !== null) setTimeout(attempt, soonMs);
    };
    comeBackSoon();
    setInterval(attempt, refreshMs);
    document.addEventListener('visibilitychange', () => {
      if (isLate && !document.hidden) attempt();
    });
  };

  applyTheme();
  document.addEventListener('DOMContentLoaded', () => {
    startTheme();
    startBars();
    startFilter();
    startRefresh();
  });
}
