/**
 * The one script of the sign-in, on the pages that need a passkey and no others: hands a form's options to the browser and
 * sends what it answers. It fetches nothing, keeps nothing and writes no markup.
 */
export const passkeyScript = `
'use strict';
const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\\+/g, '-')
    .replace(/\\//g, '_')
    .replace(/=+$/, '');

async function ask(form) {
  const options = JSON.parse(form.dataset.options);
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const known of [...(options.allowCredentials ?? []), ...(options.excludeCredentials ?? [])]) {
    known.id = toBytes(known.id);
  }
  const found = await navigator.credentials[form.dataset.passkey]({ publicKey: options });
  const { response } = found;
  const answer = { id: found.id, clientDataJSON: toText(response.clientDataJSON) };
  if (form.dataset.passkey === 'create') {
    answer.authenticatorData = toText(response.getAuthenticatorData());
    answer.publicKey = toText(response.getPublicKey());
  } else {
    answer.authenticatorData = toText(response.authenticatorData);
    answer.signature = toText(response.signature);
    if (response.userHandle) answer.userHandle = toText(response.userHandle);
  }
  form.elements.credential.value = JSON.stringify(answer);
  form.submit();
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const wrong = form.querySelector('[role=alert]');
    wrong.hidden = true;
    ask(form).catch((error) => {
      wrong.lastElementChild.textContent =
        error.name === 'InvalidStateError'
          ? 'This device has a passkey of yours already.'
          : error.name === 'NotAllowedError'
            ? 'No passkey was used: it was cancelled, or took too long. Try again.'
            : 'This browser cannot use a passkey here.';
      wrong.hidden = false;
    });
  });
}
`.trim();
