// The one desk of this document, and the words around it.

import { useTexts } from '../language';
import { Desk } from '../desk/desk';
import { en } from './en';
import { pl } from './pl';

export const desk = new Desk();
export const texts = { en, pl };

export function useChatWords() {
  return useTexts(texts);
}
