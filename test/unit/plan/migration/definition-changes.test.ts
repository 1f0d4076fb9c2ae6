import { expect, it } from 'vitest';
import { definitionChanges } from '../../../../src/plan/migration/carry-over/definition-changes.ts';
import { template } from '../../../support/model.ts';
import { column, foreignKey, index, primary, revenues, trigger } from './support.ts';

it('names what was added, removed and changed since, but nothing of our own', () => {
  const check = { name: 'positive', definition: 'CHECK ((amount > 0))', isValid: true, isNoInherit: false, isEnforced: true };
  const before = revenues({ indexes: [primary(), index('old', ['amount'])], triggers: [trigger('stamp')], checks: [check] });
  expect(definitionChanges(before, before)).toEqual([]);
  const after = revenues({
    columns: [...before.columns.slice(0, 2), column('amount', 'numeric(14,2)', { isNotNull: false }), column('Note', 'text')],
    indexes: [primary(), index('new', ['amount']), index('half', ['amount'], { isValid: false })],
    checks: [
      { ...check, isValid: false },
      { ...check, name: 'partitiond_until_1' },
    ],
    incoming: [foreignKey()],
    triggers: [trigger('stamp', { enabled: 'D' }), trigger('partitiond_capture_1_row')],
    template: { ...template, owner: 'else' },
  });
  expect(definitionChanges(before, after)).toEqual([
    'column "Note" was added',
    'column amount was changed',
    'index old was removed',
    'index new was added',
    'constraint positive was changed',
    'foreign key payments_revenue_fkey of public.payments was added',
    'trigger stamp was changed',
    'its owner was changed',
  ]);
});
