import type { ComponentPropsWithRef } from 'react';
import { useMayNot } from '../data/me.ts';
import type { Permission } from '../pages/page.ts';
import { Button, type ButtonKind } from './button.tsx';

/** A button for those who may; for others it is off and says why, in its place. */
export function MayButton({
  permission,
  ...rest
}: ComponentPropsWithRef<'button'> & {
  readonly permission: Permission;
  readonly kind?: ButtonKind;
  readonly small?: boolean;
}) {
  const why = useMayNot(permission);
  if (why === undefined) return <Button {...rest} />;
  return (
    <span className="row">
      <Button {...rest} disabled title={why} />
      <span className="remark">{why}</span>
    </span>
  );
}
