import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'email' | 'number' | 'url';
  name?: string;
  autocomplete?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  hint?: ComponentChildren;
  error?: string | undefined;
  disabled?: boolean;
  autofocus?: boolean;
  placeholder?: string;
}

// Field is a labelled input. A hint and an error are read out with it.
export function Field(p: FieldProps) {
  const id = useId();
  const type = (p.type ?? 'text') as 'text'; // the types know one input for each kind
  const about = [p.hint ? `${id}-hint` : '', p.error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <input
        id={id}
        type={type}
        name={p.name}
        value={p.value}
        autocomplete={p.autocomplete ?? 'off'}
        required={p.required}
        minLength={p.minLength}
        maxLength={p.maxLength}
        disabled={p.disabled}
        autofocus={p.autofocus}
        placeholder={p.placeholder}
        dir="auto"
        aria-describedby={about || undefined}
        aria-invalid={p.error ? true : undefined}
        onInput={(e) => p.onInput(e.currentTarget.value)}
      />
      {p.hint && <p class="hint" id={`${id}-hint`}>{p.hint}</p>}
      {p.error && <p class="error" id={`${id}-error`}>{p.error}</p>}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  // hideLabel keeps the label for screen readers alone.
  hideLabel?: boolean;
  disabled?: boolean;
}

export function Select(p: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={p.hideLabel ? 'sr' : undefined}>{p.label}</label>
      <select id={id} value={p.value} disabled={p.disabled} onChange={(e) => p.onChange(e.currentTarget.value)}>
        {p.options.map((o) => <option key={o.value} value={o.value}>{o.label}</option>)}
      </select>
    </div>
  );
}

interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

export function Check(p: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={p.checked} disabled={p.disabled} onChange={(e) => p.onChange(e.currentTarget.checked)} />
      <span>{p.label}</span>
    </label>
  );
}
