import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'חזרה לשיחה',
  none: 'עוד לא ביקשנו שום הסכמה, ואין לנו פרטי קשר שלך.',
  purposes: 'ההסכמות שלך',
  held: 'אנחנו שומרים: {what}.',
  policy: 'מדיניות הפרטיות',
  withdraw: 'ביטול ההסכמה',
  withdrawAll: 'ביטול כל ההסכמות',
  change: 'שינוי הבחירה',
  receipt: 'הורדת אישור על התשובות שלי',
  data: 'הורדת הנתונים שלי',
  fileComing: 'הקובץ בהכנה…',
  fileDone: 'הקובץ נמצא בהורדות.',
  fileLater: 'לא ניתן להכין את הקובץ כרגע. כדאי לנסות שוב עוד מעט.',
  erase: 'מחיקת הנתונים שלי',
  eraseWhat: 'השיחה, ההסכמות ופרטי הקשר יימחקו. אי אפשר לבטל את זה.',
  eraseYes: 'למחוק הכול',
  cancel: 'ביטול',
  status: {
    granted: 'ניתנה הסכמה ב־{at}',
    declined: 'נדחה ב־{at}',
    withdrawn: 'בוטל ב־{at}',
    expired: 'פג תוקף ב־{at}',
    requested: 'ממתין לתשובתך',
    deferred: 'ללא תשובה',
    not_required: 'לא דרושה הסכמה',
    '': 'לא נשאל',
  },
  field: { name: 'שם', email: 'כתובת אימייל', phone: 'מספר טלפון' },
};

export default words;
