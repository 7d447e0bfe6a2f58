import { answer, ProblemError } from "@bothways/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { bothways } from "./bothways";

/** Who is signed in; null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    staleTime: Infinity,
    queryFn: async () => {
      try {
        return await answer(bothways.GET("/v1/session"));
      } catch (error) {
        if (error instanceof ProblemError && error.status === 401) return null;
        throw error;
      }
    },
  });
}

/** Ends the session. Everything is dropped with the page, so that nothing of one person's stays for the next. */
export function useSignOut() {
  return useMutation({
    mutationFn: () => bothways.DELETE("/v1/session"),
    onSuccess: () => {
      sessionStorage.clear();
      window.location.assign("/");
    },
  });
}
