import { describe, expect, it } from 'vitest';
import type { IndexPolicy, MaintenancePolicy, TablePolicy } from '../../../src/partition/policy.ts';
import type { IndexFacts, IndexMark, RelationFacts } from '../../../src/partition/upkeep.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { factsOf, indexOf, leafOf, maintenanceOf, markOf } from '../../support/maintenance.ts';
import { contextAt, modelOf, named, partition, planModel } from '../../support/model.ts';

const megabyte = 1024 * 1024;

interface Settings {
  readonly maintenance?: Partial<MaintenancePolicy> | null;
  readonly policy?: Partial<TablePolicy>;
  readonly marks?: readonly IndexMark[];
  readonly relations?: readonly RelationFacts[];
}

/** Of the task `maintenance`; p1 is this month's partition, p2 is one with partitions of its own, p3 one whose detach is pending. */
function plan(indexes: readonly IndexFacts[], { maintenance, policy, marks = [], relations = [leafOf('p1')] }: Settings = {}): Plan {
  const upkeep = factsOf({ indexes, relations, marks: { frozen: new Map(), indexes: marks } });
  const model = modelOf({
    ranges: [['2025-03-01', '2025-04-01']],
    partitions: [
      partition('p2', { kind: 'range', from: 0n, to: 1n }, { kind: 'partitioned' }),
      partition('p3', { kind: 'range', from: 1n, to: 2n }, { isDetachPending: true }),
    ],
    policy: { premake: 0, maintenance: maintenance === null ? null : maintenanceOf(maintenance), ...policy },
    table: { upkeep },
  });
  const found = planModel(model, contextAt(undefined, { tasks: ['maintenance'] }));
  return { ...found, findings: found.findings.filter(({ kind }) => kind.endsWith('-index')) };
}

function rebuilt(...asked: Parameters<typeof plan>): readonly string[] {
  return plan(...asked).steps.map((step) => (step.kind === 'reindex' ? step.index.name : step.kind));
}

function told(...asked: Parameters<typeof plan>): readonly string[] {
  return plan(...asked).findings.map(({ message }) => message);
}

const invalid = { isValid: false };

describe('an invalid index', () => {
  it('is rebuilt, and a finding until then', () => {
    const { steps, findings } = plan([indexOf('i', 'p1', invalid)]);
    expect(steps).toEqual([
      {
        kind: 'reindex',
        table: named('t'),
        tableOid: '100',
        partition: named('p1'),
        partitionOid: 'oid of p1',
        range: { from: 1_740_787_200_000_000n, to: 1_743_465_600_000_000n },
        index: named('i'),
        indexOid: 'oid of i',
        limits: maintenanceOf().limits,
        reason: 'it is invalid',
        task: 'maintenance',
      },
    ]);
    expect(findings).toEqual([
      {
        kind: 'invalid-index',
        severity: 'warning',
        message: 'Index public.i of public.p1 is invalid: every write maintains it, and no query uses it. partitiond rebuilds it.',
        partition: named('p1'),
      },
    ]);
  });

  it('is left alone, and not told of, while somebody builds it', () => {
    const { steps, findings } = plan([indexOf('i', 'p1', { ...invalid, isBuilding: true })]);
    expect([steps, findings]).toEqual([[], []]);
  });

  it('comes with the statements that help where nothing is maintained or the role may not', () => {
    const fault = 'Index public.i of public.p1 is invalid: every write maintains it, and no query uses it.';
    const help = 'Rebuild it: REINDEX INDEX CONCURRENTLY public.i; Or remove it: DROP INDEX CONCURRENTLY public.i;';
    expect(told([indexOf('i', 'p1', invalid)], { maintenance: null })).toEqual([`${fault} ${help}`]);
    expect(rebuilt([indexOf('i', 'p1', invalid)], { maintenance: null })).toEqual([]);
    const forbidden: Settings = { relations: [leafOf('p1', { mayReindex: false })] };
    const rights = "partitiond's role does not have the owner's rights.";
    expect(told([indexOf('i', 'p1', invalid)], forbidden)).toEqual([`${fault} ${rights} ${help}`]);
    expect(rebuilt([indexOf('i', 'p1', invalid)], forbidden)).toEqual([]);
    const marks = [markOf('i', 'p1')];
    expect(told([indexOf('i', 'p1', invalid)], { ...forbidden, marks })[0]).toContain(
      `was interrupted. ${rights} Rebuild it: REINDEX INDEX`,
    );
    expect(told([indexOf('i_ccnew', 'p1', invalid)], { ...forbidden, marks })[0]).toContain('run: DROP INDEX CONCURRENTLY public.i_ccnew;');
  });

  it('is not rebuilt behind an exclusion constraint, which needs a lock that keeps everybody out', () => {
    const exclusion = indexOf('i', 'p1', { ...invalid, isConstraint: true, method: 'gist' });
    expect(rebuilt([exclusion])).toEqual([]);
    expect(rebuilt([{ ...exclusion, isUnique: true }])).toEqual([]);
    expect(told([exclusion])[0]).toContain('exclusion constraint, only REINDEX INDEX public.i; rebuilds it, which blocks');
    expect(rebuilt([{ ...exclusion, isUnique: true, method: 'btree' }])).toEqual(['i']);
  });
});

describe('an index in which a REINDEX met keys that are not unique', () => {
  const failed = (policyName: string | null): Settings => ({ marks: [markOf('i', 'p1', { policyName, state: 'failed' })] });

  it.each([null, 'i'])('is not rebuilt, and the finding says what helps (marked as %s)', (policyName) => {
    const { steps, findings } = plan([indexOf('i', 'p1', invalid)], failed(policyName));
    expect(steps).toEqual([]);
    expect(findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'invalid-index: Index public.i of public.p1 is invalid, and a REINDEX failed as its keys are not unique: every write maintains it, and no query uses it. Remove the duplicates first. Rebuild it: REINDEX INDEX CONCURRENTLY public.i; Or remove it: DROP INDEX CONCURRENTLY public.i; partitiond tries again a day after it failed.',
    ]);
  });

  it('is not told to be dropped where it goes only with a constraint or with the index of the table', () => {
    for (const changes of [{ isConstraint: true, isUnique: true }, { parentIndexOid: '7' }]) {
      expect(told([indexOf('i', 'p1', { ...invalid, ...changes })], failed(null))[0]).not.toContain('DROP');
    }
  });

  it('is not rebuilt for its waste either', () => {
    const found = plan([indexOf('i', 'p1', { wastedBytes: 60 * megabyte })], failed(null));
    expect(found.steps).toEqual([]);
    expect(found.findings[0]?.message).toContain(
      'A REINDEX failed as its keys are not unique. Remove the duplicates first. Rebuild it: REINDEX INDEX CONCURRENTLY public.i; partitiond',
    );
  });

  it('is rebuilt where the mark is of another index, or of another relation', () => {
    const marks = [markOf('j', 'p1', { state: 'failed' }), markOf('i', 'p2', { state: 'failed' })];
    expect(rebuilt([indexOf('i', 'p1', invalid)], { marks })).toEqual(['i']);
  });
});

describe('what is the index task’s', () => {
  const wanted: IndexPolicy = {
    name: 'i',
    keys: [{ kind: 'column', column: 'at', options: '' }],
    method: 'btree',
    isUnique: false,
    include: [],
    where: null,
    storage: {},
    tablespace: null,
    partitions: { kind: 'all' },
  };
  const unfinished = 'Index public.p1_i of public.p1 is not finished: its build was interrupted. The task index finishes or removes it.';

  it('is an index with a mark of ours', () => {
    const marks = [markOf('p1_i', 'p1')];
    expect(rebuilt([indexOf('p1_i', 'p1', invalid)], { marks })).toEqual([]);
    expect(told([indexOf('p1_i', 'p1', invalid)], { marks })).toEqual([unfinished]);
  });

  it('is not what a mark says of another relation, another name, or a REINDEX of what is not ours', () => {
    const marks = [markOf('p1_i', 'p2'), markOf('p2_i', 'p1'), markOf('p1_i', 'p1', { policyName: null, state: 'reindexing' })];
    expect(rebuilt([indexOf('p1_i', 'p1', invalid)], { marks })).toEqual(['p1_i']);
  });

  it('is an index that is named as one of the policy and not attached', () => {
    const policy = { indexes: [wanted] };
    expect(rebuilt([indexOf('p1_i', 'p1', invalid)], { policy })).toEqual([]);
    expect(told([indexOf('p1_i', 'p1', invalid)], { policy })).toEqual([unfinished]);
    expect(rebuilt([indexOf('p1_i', 'p1', { ...invalid, parentIndexOid: '7' })], { policy })).toEqual(['p1_i']);
    expect(rebuilt([indexOf('p1_j', 'p1', invalid)], { policy })).toEqual(['p1_j']);
  });
});

describe('what an interrupted REINDEX CONCURRENTLY left', () => {
  const told1 = (name: string, remedy: string): string =>
    `Index public.${name} of public.p1 is left of a REINDEX CONCURRENTLY that was interrupted: every write maintains it, and no query uses it. ${remedy}`;

  it.each(['i_ccnew', 'i_ccold', 'i_ccnew1', 'i_ccold12'])('is never rebuilt: %s', (name) => {
    expect(rebuilt([indexOf(name, 'p1', invalid)])).toEqual([]);
    expect(told([indexOf(name, 'p1', invalid)])).toEqual([
      told1(name, `If no REINDEX is at work any more, run: DROP INDEX CONCURRENTLY public.${name};`),
    ]);
  });

  it.each(['reindexing', 'building'] as const)('is removed by the index task beside an index that we were %s', (state) => {
    const marks = [markOf('i', 'p1', { policyName: null, state })];
    expect(told([indexOf('i_ccnew', 'p1', invalid)], { marks })).toEqual([told1('i_ccnew', 'The task index removes it.')]);
  });

  it('is told by its name also where PostgreSQL cut that to make room for the ending', () => {
    const long = 'i'.repeat(63);
    const marks = [markOf(long, 'p1')];
    expect(told([indexOf(`${long.slice(0, 57)}_ccnew`, 'p1', invalid)], { marks })[0]).toContain('The task index removes it.');
    expect(told([indexOf(`${long.slice(0, 56)}_ccnew`, 'p1', invalid)], { marks })[0]).toContain('If no REINDEX is at work');
    expect(told([indexOf('i_ccnew', 'p1', invalid)], { marks: [markOf('i', 'p2')] })[0]).toContain('If no REINDEX is at work');
  });

  it('is not ours beside an index that we have long built', () => {
    const marks = [markOf('i', 'p1', { state: 'built' })];
    expect(told([indexOf('i_ccnew', 'p1', invalid)], { marks })[0]).toContain('If no REINDEX is at work any more');
  });

  it('is not told from its name alone while it is valid', () => {
    expect(plan([indexOf('i_ccnew', 'p1')]).findings).toEqual([]);
  });
});

describe('an invalid index of a partitioned relation', () => {
  const message =
    'Index public.i is invalid, as not every partition has a valid index that is attached to it. Where indexes of the policy asks for it, the task index completes it; otherwise make the missing ones and attach them, or drop it.';

  it('is a finding, whether of the table, of a partition, or below one', () => {
    const below = leafOf('below', { kind: 'partitioned', rootOid: 'oid of p2' });
    for (const relationOid of ['100', 'oid of p2', 'oid of below']) {
      const found = plan([indexOf('i', '', { ...invalid, relationOid })], { relations: [leafOf('p1'), below] });
      expect(found.steps).toEqual([]);
      expect(found.findings).toEqual([{ kind: 'invalid-index', severity: 'warning', message, partition: null }]);
    }
  });

  it('is no finding when it is valid, nor is any of what is leaving or not known', () => {
    expect(plan([indexOf('i', '', { relationOid: '100' })]).findings).toEqual([]);
    expect(plan([indexOf('i', 'p3', invalid), indexOf('j', 'nowhere', invalid)]).findings).toEqual([]);
  });
});

describe('a bloated index', () => {
  const bloated = { bytes: 100 * megabyte, wastedBytes: 60 * megabyte };

  it('is rebuilt when its waste passes the share, and says the numbers', () => {
    const { steps, findings } = plan([indexOf('i', 'p1', bloated)]);
    expect(steps.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      'reindex: an estimated 60 MB of its 100 MB are waste, more than 50 %',
    ]);
    expect(findings).toEqual([
      {
        kind: 'bloated-index',
        severity: 'warning',
        message:
          'Index public.i of public.p1 is bloated: an estimated 60 MB of its 100 MB are waste, and the policy allows 50 %. partitiond rebuilds it.',
        partition: named('p1'),
      },
    ]);
    expect(rebuilt([indexOf('i', 'p1', { ...bloated, wastedBytes: 50 * megabyte })])).toEqual([]);
    expect(rebuilt([indexOf('i', 'p1', { ...bloated, wastedBytes: null })])).toEqual([]);
  });

  it('is not looked for in small indexes, with reindexBloat off, and without maintenance', () => {
    expect(rebuilt([indexOf('i', 'p1', { bytes: 64 * megabyte - 1, wastedBytes: 60 * megabyte })])).toEqual([]);
    expect(rebuilt([indexOf('i', 'p1', { bytes: 64 * megabyte, wastedBytes: 60 * megabyte })])).toEqual(['i']);
    expect(plan([indexOf('i', 'p1', bloated)], { maintenance: { reindexBloat: null } })).toMatchObject({ steps: [], findings: [] });
    expect(plan([indexOf('i', 'p1', bloated)], { maintenance: null })).toMatchObject({ steps: [], findings: [] });
  });

  it('is nothing for an index without a page, however small indexes may be', () => {
    expect(rebuilt([indexOf('i', 'p1', { bytes: 0, wastedBytes: 0 })], { maintenance: { reindexMinBytes: 0 } })).toEqual([]);
  });

  it('is not rebuilt again for an estimate that a REINDEX has proved wrong, until it has grown or many rows are gone', () => {
    const mark = (bytes: number | null, changes: Partial<IndexMark> = {}): IndexMark =>
      markOf('i', 'p1', {
        policyName: null,
        definition: null,
        state: 'built',
        rebuilt: bytes === null ? null : { bytes, rows: 1_000 },
        ...changes,
      });
    const after = (...marks: readonly IndexMark[]): Plan => plan([indexOf('i', 'p1', bloated)], { marks });
    expect(after(mark(100 * megabyte))).toMatchObject({ steps: [], findings: [] });
    expect(after(mark(80 * megabyte)).steps).toEqual([]);
    expect(after(mark(80 * megabyte - 1)).steps).toHaveLength(1);
    expect(after(mark(null)).steps).toHaveLength(1);
    const withRows = (liveRows: number): Plan =>
      plan([indexOf('i', 'p1', bloated)], { marks: [mark(100 * megabyte)], relations: [leafOf('p1', { liveRows })] });
    expect(withRows(800).steps).toEqual([]);
    expect(withRows(799).steps).toHaveLength(1);
    expect(after(mark(100 * megabyte, { relationOid: 'oid of p2' }), mark(100 * megabyte, { index: named('j') })).steps).toHaveLength(1);
  });

  it('comes with the statement that helps where the role may not', () => {
    const relations = [leafOf('p1', { mayReindex: false })];
    expect(plan([indexOf('i', 'p1', bloated)], { relations }).steps).toEqual([]);
    expect(told([indexOf('i', 'p1', bloated)], { relations })[0]).toContain(
      "allows 50 %. partitiond's role does not have the owner's rights. Rebuild it: REINDEX INDEX CONCURRENTLY public.i;",
    );
  });

  it('is told in the unit that suits it', () => {
    const waste = (bytes: number): string | undefined =>
      plan([indexOf('i', 'p1', { bytes, wastedBytes: bytes })], { maintenance: { reindexMinBytes: 1 } }).steps[0]?.reason;
    expect(waste(8192)).toContain('8192 bytes of its 8192 bytes');
    expect(waste(64 * 1024)).toContain('64 kB');
    expect(waste(2 ** 50)).toContain('1024 TB');
  });
});
