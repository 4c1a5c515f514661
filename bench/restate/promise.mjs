// Node has Promise.withResolvers from version 22 on; the SDK needs it.
Promise.withResolvers ??= function () {
  let resolvers;
  const promise = new this((resolve, reject) => (resolvers = { resolve, reject }));
  return { promise, ...resolvers };
};
