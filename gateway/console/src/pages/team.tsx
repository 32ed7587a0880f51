// The people of a site: for its administrators.

import { useEffect, useState } from 'preact/hooks';

import { get, path, post, put, type Role } from '../api';
import { fill, locale, useTexts, useWords } from '../language';
import type { PageProps } from '../pages';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Confirm, Dialog } from '../ui/dialog';
import { Check, Field, Select } from '../ui/field';
import { Menu, MenuItem } from '../ui/menu';
import { Table } from '../ui/table';
import { toast } from '../ui/toast';
import { teamWords, type TeamWords } from './team.words';

interface Member {
  id: string;
  login: string;
  name: string;
  roles: Role[];
  disabled?: boolean;
  online: boolean;
}

interface Link {
  login: string;
  link: string;
  expires_at: string;
}

const allRoles: readonly Role[] = ['operator', 'administrator', 'privacy_officer'];

// Open is the dialog that is open, and about whom.
type Open = { what: 'invite' } | { what: 'roles' | 'reset' | 'disable' | 'enable'; who: Member } | { what: 'link'; link: Link };

export function Team({ me, site }: PageProps) {
  const t = useTexts(teamWords);
  const words = useWords();
  const [members, setMembers] = useState<Member[]>();
  const [error, setError] = useState('');
  const [open, setOpen] = useState<Open>();
  const at = path('sites', site.site, 'operators');
  const read = async () => {
    setError('');
    try {
      setMembers((await get<{ operators: Member[] }>(at)).operators);
    } catch (why) {
      setError(refusalText(why));
    }
  };
  useEffect(() => { void read(); }, [at]);
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    toast(t.saved);
    void read();
  };
  return (
    <>
      <div class="page-tools">
        <p class="hint">{t.intro}</p>
        <Button kind="primary" icon="plus" onClick={() => setOpen({ what: 'invite' })}>{t.invite}</Button>
      </div>
      {error && <p class="error" role="alert">{error} <Button onClick={() => void read()}>{t.again}</Button></p>}
      {!members && !error && <p role="status">{words.loading}</p>}
      {members && (
        <Table
          caption={t.title} rows={members} id={(m) => m.id} empty={t.empty}
          columns={[
            { key: 'name', title: t.name, cell: (m) => <Name member={m} own={m.id === me.operator.id} t={t} /> },
            { key: 'roles', title: t.roles, cell: (m) => <span class="badges">{m.roles.map((r) => <span key={r} class="badge">{t.role[r]}</span>)}</span> },
            { key: 'state', title: t.state, narrow: true, cell: (m) => <State member={m} t={t} /> },
            { key: 'actions', title: t.actions, narrow: true, cell: (m) => <Actions member={m} own={m.id === me.operator.id} t={t} open={setOpen} /> },
          ]}
        />
      )}
      {open?.what === 'invite' && <Invite site={site.site} t={t} onClose={close} onLink={(link) => { setOpen({ what: 'link', link }); void read(); }} />}
      {open?.what === 'link' && <ShowLink link={open.link} t={t} onClose={close} />}
      {open?.what === 'roles' && <Roles at={at} member={open.who} t={t} onClose={close} onDone={done} />}
      {open && 'who' in open && open.what !== 'roles' && (
        <Ask at={at} what={open.what} member={open.who} t={t} onClose={close} onDone={done} onLink={(link) => setOpen({ what: 'link', link })} />
      )}
    </>
  );
}

function Name({ member, own, t }: { member: Member; own: boolean; t: TeamWords }) {
  return (
    <span class="who">
      <strong><bdi>{member.name || member.login}</bdi></strong>{own && <span class="badge info">{t.you}</span>}
      <br /><span class="hint"><bdi>{member.login}</bdi></span>
    </span>
  );
}

function State({ member, t }: { member: Member; t: TeamWords }) {
  if (member.disabled) return <span class="badge bad">{t.disabled}</span>;
  return member.online ? <span class="badge good">{t.online}</span> : <span class="badge">{t.offline}</span>;
}

function Actions({ member, own, t, open }: { member: Member; own: boolean; t: TeamWords; open: (o: Open) => void }) {
  const name = member.name || member.login;
  return (
    <Menu icon="more" label={fill(t.menu, { name })}>
      <MenuItem icon="edit" onClick={() => open({ what: 'roles', who: member })}>{t.changeRoles}</MenuItem>
      <MenuItem icon="lock" onClick={() => open({ what: 'reset', who: member })}>{t.reset}</MenuItem>
      {!own && !member.disabled && <MenuItem icon="close" onClick={() => open({ what: 'disable', who: member })}>{t.disable}</MenuItem>}
      {!own && member.disabled && <MenuItem icon="check" onClick={() => open({ what: 'enable', who: member })}>{t.enable}</MenuItem>}
    </Menu>
  );
}

function Invite({ site, t, onClose, onLink }: { site: string; t: TeamWords; onClose: () => void; onLink: (l: Link) => void }) {
  const words = useWords();
  const [login, setLogin] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      onLink({ login: login.trim(), ...await post<Omit<Link, 'login'>>(path('sites', site, 'invitations'), { login: login.trim(), role }) });
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.invite} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <p>{t.inviteText}</p>
        <Field label={t.login} required autofocus maxLength={100} value={login} onInput={setLogin} hint={t.loginHint} />
        <Select label={t.firstRole} value={role} onChange={(v) => setRole(v as Role)} options={allRoles.map((r) => ({ value: r, label: t.role[r] }))} />
        <p class="hint">{t.roleText[role]}</p>
        <p class="error" role="alert">{error}</p>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t.makeLink}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

// ShowLink shows a link once. The gateway names its path; the address before it is this page's.
function ShowLink({ link, t, onClose }: { link: Link; t: TeamWords; onClose: () => void }) {
  const words = useWords();
  const whole = new URL(link.link, location.origin).href;
  const time = new Date(link.expires_at).toLocaleString(locale.value, { dateStyle: 'medium', timeStyle: 'short' });
  const copy = () => {
    navigator.clipboard?.writeText(whole).then(() => toast(t.copied), () => undefined);
  };
  return (
    <Dialog title={fill(t.linkTitle, { login: link.login })} onClose={onClose} wide>
      <p>{t.linkText} {fill(t.until, { time })}.</p>
      <p><code class="secret" tabIndex={0}>{whole}</code></p>
      <footer class="dialog-foot">
        {'clipboard' in navigator && <Button onClick={copy}>{t.copy}</Button>}
        <Button kind="primary" onClick={onClose}>{words.close}</Button>
      </footer>
    </Dialog>
  );
}

interface ChangeProps {
  at: string;
  member: Member;
  t: TeamWords;
  onClose: () => void;
  onDone: () => void;
}

function Roles({ at, member, t, onClose, onDone }: ChangeProps) {
  const words = useWords();
  const [roles, setRoles] = useState<readonly Role[]>(member.roles);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const name = member.name || member.login;
  const save = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await put(`${at}/${path(member.id, 'roles')}`, { roles });
      onDone();
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  const flip = (role: Role, on: boolean) => setRoles(allRoles.filter((r) => (r === role ? on : roles.includes(r))));
  return (
    <Dialog title={fill(t.rolesOf, { name })} onClose={onClose}>
      <form class="form" onSubmit={save}>
        <fieldset class="form">
          <legend class="sr">{t.roles}</legend>
          {allRoles.map((r) => (
            <Check key={r} checked={roles.includes(r)} onChange={(on) => flip(r, on)} label={<><strong>{t.role[r]}</strong><br /><span class="hint">{t.roleText[r]}</span></>} />
          ))}
        </fieldset>
        {roles.length === 0 && <p class="hint" role="status">{fill(t.noRoles, { name })}</p>}
        <p class="error" role="alert">{error}</p>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>{words.save}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

// Ask asks before an account is disabled, and before its password may be changed.
function Ask({ at, what, member, t, onClose, onDone, onLink }: ChangeProps & { what: 'reset' | 'disable' | 'enable'; onLink: (l: Link) => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const name = member.name || member.login;
  const go = async () => {
    setBusy(true);
    try {
      const link = await post<Omit<Link, 'login'> | undefined>(`${at}/${path(member.id, what)}`);
      if (link) onLink({ login: member.login, ...link });
      else onDone();
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  const text = { reset: t.resetText, disable: t.disableText, enable: '' }[what];
  return (
    <Confirm title={`${t[what]}: ${name}`} action={t[what]} danger={what === 'disable'} busy={busy} onConfirm={() => void go()} onClose={onClose}>
      {text && <p>{fill(text, { name })}</p>}
      <p class="error" role="alert">{error}</p>
    </Confirm>
  );
}
