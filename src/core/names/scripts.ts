/**
 * The scripts a name may be written in: those of languages that are written today (UAX #31, tables 5 and 7). Dead
 * scripts would add nothing but look-alikes.
 */
const scripts = `
  Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Syriac Thaana Nko Adlam Devanagari Bengali Gurmukhi Gujarati
  Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer Mongolian Ethiopic Cherokee Tifinagh
  Canadian_Aboriginal Osage Vai Bamum Yi Lisu Miao Tai_Le New_Tai_Lue Tai_Tham Tai_Viet Javanese Balinese Sundanese
  Batak Cham Lepcha Limbu Meetei_Mayek Newa Ol_Chiki Saurashtra Chakma Syloti_Nagri Kayah_Li Hanifi_Rohingya Wancho
  Mandaic Nyiakeng_Puachue_Hmong Han Hiragana Katakana Hangul Bopomofo`
  .trim()
  .split(/\s+/);

/** Scripts that are written together in one language. */
const writtenTogether = [
  ['Han', 'Hiragana', 'Katakana'],
  ['Han', 'Hangul'],
  ['Han', 'Bopomofo'],
];

/**
 * What a name of one script may hold. `Script_Extensions` counts signs shared by several scripts with each of them,
 * digits too; `Inherited` are the marks that belong to no script. ASCII digits and signs go with all.
 */
const ofOneScript = [...scripts.map((script) => [script]), ...writtenTogether].map((together) => {
  const letters = together.map((script) => `\\p{Script_Extensions=${script}}`).join('');
  return new RegExp(`^[${letters}\\p{Script=Inherited}0-9_.-]*$`, 'u');
});

/**
 * Whether the letters, marks and digits of an NFKC text all belong to one script, or to scripts that one language is
 * written in. Letters that belong to no script never do.
 */
export function isOfOneScript(text: string): boolean {
  return ofOneScript.some((pattern) => pattern.test(text));
}
