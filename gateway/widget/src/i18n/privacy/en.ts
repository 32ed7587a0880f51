import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'Back to the conversation',
  none: 'We have not asked for any consent yet and hold no contact details of yours.',
  purposes: 'Your consents',
  held: 'We keep: {what}.',
  policy: 'Privacy policy',
  withdraw: 'Withdraw consent',
  withdrawAll: 'Withdraw all consents',
  change: 'Change my choice',
  receipt: 'Download a receipt of my answers',
  data: 'Download my data',
  fileComing: 'Preparing the file…',
  fileDone: 'The file is in your downloads.',
  fileLater: 'The file could not be prepared now. Try again in a moment.',
  erase: 'Erase my data',
  eraseWhat: 'We will erase the conversation, consents and contact details. This cannot be undone.',
  eraseYes: 'Erase everything',
  cancel: 'Cancel',
  status: {
    granted: 'You agreed on {at}',
    declined: 'You declined on {at}',
    withdrawn: 'Withdrawn on {at}',
    expired: 'Expired on {at}',
    requested: 'Waiting for your answer',
    deferred: 'Not answered',
    not_required: 'Consent is not required',
    '': 'Not asked',
  },
  field: { name: 'name', email: 'e-mail address', phone: 'phone number' },
};

export default words;
