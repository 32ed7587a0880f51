// The words of the privacy item in one language. {braces} are filled in.

export interface PrivacyWords {
  back: string;
  none: string;
  purposes: string;
  held: string;
  policy: string;
  withdraw: string;
  withdrawAll: string;
  change: string;
  receipt: string;
  data: string;
  fileComing: string;
  fileDone: string;
  fileLater: string;
  erase: string;
  eraseWhat: string;
  eraseYes: string;
  cancel: string;
  status: Record<string, string>; // {at}
  field: Record<string, string>;
}
