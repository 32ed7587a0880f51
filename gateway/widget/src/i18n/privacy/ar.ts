import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'العودة إلى المحادثة',
  none: 'لم نطلب منك أي موافقة بعد، وليست لدينا بيانات اتصال تخصك.',
  purposes: 'موافقاتك',
  held: 'نحتفظ بـ: {what}.',
  policy: 'سياسة الخصوصية',
  withdraw: 'سحب الموافقة',
  withdrawAll: 'سحب كل الموافقات',
  change: 'تغيير اختياري',
  receipt: 'تنزيل إيصال بإجاباتي',
  data: 'تنزيل بياناتي',
  fileComing: 'جارٍ تجهيز الملف…',
  fileDone: 'الملف في مجلد التنزيلات.',
  fileLater: 'تعذّر تجهيز الملف الآن. حاول مجددًا بعد قليل.',
  erase: 'مسح بياناتي',
  eraseWhat: 'سنمسح المحادثة والموافقات وبيانات الاتصال. لا يمكن التراجع عن ذلك.',
  eraseYes: 'مسح كل شيء',
  cancel: 'إلغاء',
  status: {
    granted: 'وافقت في {at}',
    declined: 'رفضت في {at}',
    withdrawn: 'سُحبت في {at}',
    expired: 'انتهت في {at}',
    requested: 'في انتظار إجابتك',
    deferred: 'بلا إجابة',
    not_required: 'الموافقة غير مطلوبة',
    '': 'لم نسأل',
  },
  field: { name: 'الاسم', email: 'البريد الإلكتروني', phone: 'رقم الهاتف' },
};

export default words;
