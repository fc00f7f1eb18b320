// A style sheet is imported as its text; build.js minifies it on the way in.
declare module "*.css" {
  const text: string;
  export default text;
}
